// Reads messages and commands, and answers, until the person leaves.
import { isUserFacing } from "../../pipeline/core/errors.ts";
import { RequestError } from "../../models/generation/request.ts";
import { LinkedSignal } from "../serve/linked_signal.ts";
import { type CommandContext, CommandError } from "./command_context.ts";
import { runCommand } from "./commands.ts";
import { type LineSource, nextMessage, OpenBlockError } from "./line_source.ts";
import { chatMessagesIn } from "./messages.ts";

/** Where a conversation takes place. */
export interface ChatSurroundings extends CommandContext {
  readonly lines: LineSource;
  /** Writes a piece of an answer. */
  readonly write: (text: string) => Promise<void>;
  /** Says what is no answer. */
  readonly notice: (text: string) => void;
  /** Ends the task. */
  readonly signal: AbortSignal;
  /** Is told how to stop an answer while there is one. */
  readonly onAnswer: (stop: (() => void) | undefined) => void;
}

/** Talks until the lines end or the person leaves. Gives the number of messages and commands that failed. */
export async function chatLoop(context: ChatSurroundings): Promise<number> {
  const messages = chatMessagesIn(context.language);
  let failures = 0;
  while (true) {
    try {
      const message = await nextMessage(context.lines);
      if (message === undefined) return failures;
      if (message.trim() === "") continue;
      if (!message.startsWith("/")) await answer(message, context);
      else if (message.startsWith("//")) await answer(message.slice(1), context);
      else if (!(await runCommand(message, context))) return failures;
    } catch (error) {
      context.signal.throwIfAborted();
      failures++;
      if (error instanceof CommandError) context.notice(error.message);
      else if (error instanceof OpenBlockError) context.notice(messages.openBlock);
      else if (error instanceof RequestError || isUserFacing(error)) {
        context.notice(messages.cannotAnswer(error.message));
      } else throw error;
    }
  }
}

async function answer(message: string, { session, language, signal, ...out }: ChatSurroundings): Promise<void> {
  const messages = chatMessagesIn(language);
  using link = new LinkedSignal(signal);
  out.onAnswer(() => link.abort(new DOMException("stopped by the user", "AbortError")));
  try {
    const dropped = (turns: number) => out.notice(messages.dropped(turns));
    const { text, end } = await session.answer(message, link.signal, out.write, dropped);
    await out.write("\n");
    if (end === "stopped") out.notice(messages.stoppedAnswer);
    else if (text === "") out.notice(messages.emptyAnswer);
    else if (end === "length") out.notice(messages.cutShort);
  } finally {
    out.onAnswer(undefined);
  }
  signal.throwIfAborted();
}
