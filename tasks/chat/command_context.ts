import type { Language } from "../cli/language.ts";
import type { ChatSession } from "./session.ts";

/** A command that cannot be done; `message` is for the person. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
}

/** What commands work on. */
export interface CommandContext {
  readonly session: ChatSession;
  readonly language: Language;
  /** Shows a line. */
  readonly show: (text: string) => void;
  /** The file that the conversation was saved in or loaded from. */
  file: string | undefined;
}
