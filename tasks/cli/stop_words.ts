import type { Language } from "./language.ts";
import { type Messages, messagesIn } from "./messages.ts";

/** What a task that runs no stages, and keeps nothing of what it began, says of stopping. */
export function stopWords(language: Language): Pick<Messages, "stopping" | "stopped"> {
  return messagesIn(language).plainWords;
}
