import type { Language } from "../cli/language.ts";
import { EN, type ServeMessages } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, ServeMessages>> = { en: EN, zh: ZH };

/** What `serve` says in a language. */
export function serveMessagesIn(language: Language): ServeMessages {
  return CATALOGUES[language];
}
