import { EN, type Messages } from "./en.ts";
import { ZH } from "./zh.ts";

export type { Messages } from "./en.ts";

const CATALOGUES = { en: EN, zh: ZH } satisfies Readonly<Record<string, Messages>>;

/** Languages of the page. */
export type Language = keyof typeof CATALOGUES;

/** Says whether a value is a language of the page. */
export function isLanguage(value: unknown): value is Language {
  return typeof value === "string" && Object.hasOwn(CATALOGUES, value);
}

/** The language that comes after one, the first after the last. */
export function languageAfter(language: Language): Language {
  const all = Object.keys(CATALOGUES).filter(isLanguage);
  return all[(all.indexOf(language) + 1) % all.length] ?? language;
}

/** What the page says in a language. */
export function messagesIn(language: Language): Messages {
  return CATALOGUES[language];
}
