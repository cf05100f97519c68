import type { Language } from "../cli/language.ts";
import { type BenchMessages, EN } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

export type { BenchMessages } from "./messages/en.ts";

const CATALOGUES: Readonly<Record<Language, BenchMessages>> = { en: EN, zh: ZH };

/** What `bench` says in a language. */
export function benchMessagesIn(language: Language): BenchMessages {
  return CATALOGUES[language];
}
