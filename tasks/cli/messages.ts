import type { Language } from "./language.ts";
import { EN, type Messages } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

export type { Messages } from "./messages/en.ts";

const CATALOGUES: Readonly<Record<Language, Messages>> = { en: EN, zh: ZH };

/** What the command line says in a language. */
export function messagesIn(language: Language): Messages {
  return CATALOGUES[language];
}
