import type { Language } from "../../tasks/cli/language.ts";
import { EN, type PeerMessages } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

export type { PeerMessages } from "./messages/en.ts";

const CATALOGUES: Readonly<Record<Language, PeerMessages>> = { en: EN, zh: ZH };

/** What comparisons with other programs say in a language. */
export function peerMessagesIn(language: Language): PeerMessages {
  return CATALOGUES[language];
}
