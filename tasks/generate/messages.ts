import type { Language } from "../cli/language.ts";
import { EN, type GenerateMessages } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, GenerateMessages>> = { en: EN, zh: ZH };

/** What `generate` says in a language. */
export function generateMessagesIn(language: Language): GenerateMessages {
  return CATALOGUES[language];
}
