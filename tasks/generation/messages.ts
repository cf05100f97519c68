import type { Language } from "../cli/language.ts";
import { EN, type GenerationMessages } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, GenerationMessages>> = { en: EN, zh: ZH };

/** What a task that talks to a model says in a language. */
export function generationMessagesIn(language: Language): GenerationMessages {
  return CATALOGUES[language];
}
