/** The folder that the user called from: `deno task` itself moves to the project's, and keeps the other in INIT_CWD. */
export function workingFolder(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}

/** True for errors whose message says all that a user needs; others are faults of the program and show their stack. */
function isUserFacing(error: unknown): error is Error {
  return error instanceof Error && "userFacing" in error && error.userFacing === true;
}

/** Runs a task: errors that a user can mend become one message on standard error, and any error exit code 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(isUserFacing(error) ? `error: ${error.message}` : error);
    Deno.exitCode = 1;
  }
}
