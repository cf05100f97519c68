import type { Language } from "../cli/language.ts";
import { EN, type ExportMessages } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, ExportMessages>> = { en: EN, zh: ZH };

/** What `export` says in a language. */
export function exportMessagesIn(language: Language): ExportMessages {
  return CATALOGUES[language];
}
