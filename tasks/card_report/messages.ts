import { messagesIn } from "../cli/messages.ts";
import { formatDuration } from "../cli/render/format.ts";
import type { CardProgress } from "./run.ts";
import type { Language } from "../cli/language.ts";
import { type CardReportMessages, EN } from "./messages/en.ts";
import { ZH } from "./messages/zh.ts";

const CATALOGUES: Readonly<Record<Language, CardReportMessages>> = { en: EN, zh: ZH };

/** What `card-report` says in a language. */
export function cardReportMessagesIn(language: Language): CardReportMessages {
  return CATALOGUES[language];
}

/** A line on how far a report is. */
export function progressLine(
  { part, number, of, words, partLeftMs, leftMs }: CardProgress,
  language: Language,
): string {
  const [inPart = "", inAll = ""] = [partLeftMs, leftMs].map((ms) =>
    formatDuration(Math.max(0, Math.round(ms / 1000) * 1000), messagesIn(language))
  );
  const { parts, progress } = CATALOGUES[language];
  return `[${number}/${of}] ${progress(parts[part], words, inPart, inAll)}`;
}

/** What is said in the end. */
export function endLines(files: readonly string[], language: Language): string {
  return CATALOGUES[language].end(files.map((file) => `  ${file}`).join("\n"));
}
