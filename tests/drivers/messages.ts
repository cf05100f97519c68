import type { Language } from "../../tasks/cli/language.ts";
import { type DriverMessages, EN } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, DriverMessages>> = { en: EN, zh: ZH };

/** What `test-drivers` says in a language. */
export function driverMessagesIn(language: Language): DriverMessages {
  return CATALOGUES[language];
}
