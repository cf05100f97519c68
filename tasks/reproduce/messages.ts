import type { Language } from "../cli/language.ts";
import { EN, type ReproduceMessages } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, ReproduceMessages>> = { en: EN, zh: ZH };

/** What `reproduce` says in a language. */
export function reproduceMessagesIn(language: Language): ReproduceMessages {
  return CATALOGUES[language];
}
