import type { Language } from "../cli/language.ts";
import { type ChatMessages, EN } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

export type { ChatMessages } from "./messages/en.ts";

const CATALOGUES: Readonly<Record<Language, ChatMessages>> = { en: EN, zh: ZH };

/** What the chat says in a language. */
export function chatMessagesIn(language: Language): ChatMessages {
  return CATALOGUES[language];
}
