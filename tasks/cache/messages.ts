import type { Language } from "../cli/language.ts";
import { type CacheMessages, EN } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, CacheMessages>> = { en: EN, zh: ZH };

/** What `cache` says in a language. */
export function cacheMessagesIn(language: Language): CacheMessages {
  return CATALOGUES[language];
}
