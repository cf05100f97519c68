import { EN, type Messages } from "./en.ts";
import { ZH } from "./zh.ts";

export type { Messages } from "./en.ts";

/** Languages of the page. */
export type Language = "en" | "zh";

const CATALOGUES: Readonly<Record<Language, Messages>> = { en: EN, zh: ZH };

/** What the page says in a language. */
export function messagesIn(language: Language): Messages {
  return CATALOGUES[language];
}
