import { detectLanguage } from "./language.ts";
import { messagesIn } from "./messages.ts";

/** True for errors whose message says all that a user needs; others are faults of the program and show their stack. */
function isUserFacing(error: unknown): error is Error {
  return error instanceof Error && "userFacing" in error && error.userFacing === true;
}

/** Aborts on the first Ctrl-C (or SIGTERM); the second ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const messages = messagesIn(detectLanguage(Deno.args));
  const stop = () => {
    if (controller.signal.aborted) Deno.exit(130);
    console.error(`\n${messages.stopping}`);
    controller.abort(new DOMException(messages.stopped, "AbortError"));
  };
  Deno.addSignalListener("SIGINT", stop);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  return controller.signal;
}

/**
 * Runs a task in the folder that the user called from: `deno task` itself moves to the project's, and keeps the other in
 * INIT_CWD. Errors that a user can mend become one message on standard error; any error gives exit code 1, Ctrl-C 130.
 */
export async function runMain(main: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const signal = stopSignal();
  try {
    Deno.chdir(Deno.env.get("INIT_CWD") ?? Deno.cwd());
    await main(signal);
  } catch (error) {
    if (signal.aborted) {
      console.error(messagesIn(detectLanguage(Deno.args)).stopped);
      Deno.exit(130);
    }
    console.error(isUserFacing(error) ? `error: ${error.message}` : error);
    Deno.exit(1);
  }
  // Signal listeners would keep the process alive.
  Deno.exit(Deno.exitCode);
}
