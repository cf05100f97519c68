import type { Language } from "../cli/language.ts";
import { EN, type ModelWords } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

export type { ModelWords } from "./messages/en.ts";

const CATALOGUES: Readonly<Record<Language, ModelWords>> = { en: EN, zh: ZH };

/** What `card-model` says in a language. */
export function modelWords(language: Language): ModelWords {
  return CATALOGUES[language];
}
