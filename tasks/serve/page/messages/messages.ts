import { EN } from "./en.ts";
import { ZH } from "./zh.ts";

/** Languages of the page. */
export type Language = "en" | "zh";

/** All that the page says. */
export type Messages = typeof EN;

const CATALOGUES: Readonly<Record<Language, Messages>> = { en: EN, zh: ZH };

/** What the page says in a language. */
export function messagesIn(language: Language): Messages {
  return CATALOGUES[language];
}
