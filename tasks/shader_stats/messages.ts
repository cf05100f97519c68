import type { Language } from "../cli/language.ts";
import { EN, type StatsWords } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

export type { StatsWords } from "./messages/en.ts";

const CATALOGUES: Readonly<Record<Language, StatsWords>> = { en: EN, zh: ZH };

/** What `shader-stats` says in a language. */
export function statsWords(language: Language): StatsWords {
  return CATALOGUES[language];
}
