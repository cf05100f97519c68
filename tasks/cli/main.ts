import { isUserFacing } from "../../pipeline/core/errors.ts";
import { red } from "@std/fmt/colors";
import { kindOfError } from "./error_kind.ts";
import { onInterrupt } from "./interrupts.ts";
import type { Language } from "./language.ts";
import { type Messages, messagesIn } from "./messages.ts";
import { makeConsoleVisible, visibleMessage } from "./render/visible.ts";

/** Exit code after Ctrl-C, as shells expect it. */
const EXIT_INTERRUPTED = 130;

/**
 * Runs the body of a task and ends the process. An error meant for the user is printed as one message, any other with
 * its stack; both exit with 1. The first Ctrl-C aborts `signal` and waits for the body; the second ends at once. So it is
 * with SIGTERM, but several within a second are one: one to the whole process group arrives twice, once by way of the launcher.
 *
 * @param words what is said of stopping, for a task that does not run stages
 * @param interrupted is asked first at a Ctrl-C: true when it stopped something smaller than the task
 */
export async function runMain(
  language: Language,
  body: (signal: AbortSignal) => Promise<void>,
  words: Partial<Pick<Messages, "stopping" | "stopped">> = {},
  interrupted: () => boolean = () => false,
): Promise<never> {
  enterWorkingFolder();
  const plainError = console.error.bind(console);
  makeConsoleVisible();
  const messages = { ...messagesIn(language), ...words };
  const controller = new AbortController();
  await onInterrupt(() => {
    if (controller.signal.aborted) Deno.exit(EXIT_INTERRUPTED);
    if (interrupted()) return false;
    console.error(`\n${messages.stopping}`);
    controller.abort(new DOMException("stopped by the user", "AbortError"));
    return true;
  });
  try {
    await body(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) {
      console.error(messages.stopped);
      Deno.exit(EXIT_INTERRUPTED);
    }
    printError(error, messages, plainError);
    Deno.exit(1);
  }
  Deno.exit(Deno.exitCode);
}

/**
 * `deno task` runs in the folder of deno.json and keeps the user's in INIT_CWD. Going back there makes every relative
 * path mean what its user meant.
 */
function enterWorkingFolder(): void {
  const folder = Deno.env.get("INIT_CWD");
  if (folder !== undefined && folder !== "") Deno.chdir(folder);
}

/** One message: the library's own words, which are English, below a sentence on the sort of error where there is one. */
function printError(error: unknown, messages: Messages, plainError: (text: string) => void): void {
  if (!isUserFacing(error)) return console.error(error);
  const label = Deno.stderr.isTerminal() ? red(messages.error) : messages.error;
  const kind = kindOfError(error);
  const lead = kind && messages.errorLead(kind);
  // Only the label has colours of ours.
  plainError(label + (lead === undefined ? "" : `${lead}\n`) + visibleMessage(error.message, Deno.args));
}
