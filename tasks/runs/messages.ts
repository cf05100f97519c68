import type { Language } from "../cli/language.ts";
import { EN, type RunsMessages } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, RunsMessages>> = { en: EN, zh: ZH };

/** What `runs` says in a language. */
export function runsMessagesIn(language: Language): RunsMessages {
  return CATALOGUES[language];
}
