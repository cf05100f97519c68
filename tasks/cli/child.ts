// Children of a task: they end with it, and within their time.

/** How a child is run. */
export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it reads; nothing when left out. */
  readonly input?: string;
  /** Ends the child when it is aborted; {@linkcode runChild} then throws its reason. */
  readonly signal?: AbortSignal;
  /** Ends the child after so many ms. */
  readonly limitMs?: number;
  /** Is told each line of its standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** How a child ended and what it said. */
export interface ChildOutcome {
  /** Its exit code; that of a signal where one ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it was ended because its time was over. */
  readonly timedOut: boolean;
}

/** A child that is asked to end has so long to do it. */
const graceMs = 2_000;

const running = new Set<Deno.ChildProcess>();
// Deno.exit(), as at a second Ctrl-C, fires this too.
globalThis.addEventListener("unload", () => running.forEach((child) => kill(child, "SIGKILL")));

/** Runs a program to its end. Errors: it cannot be started (naming it and why); `signal`'s reason when that is aborted. */
export async function runChild(
  program: string,
  args: readonly string[],
  { env = {}, cwd, input, signal, limitMs, onLine }: ChildOptions = {},
): Promise<ChildOutcome> {
  signal?.throwIfAborted();
  const child = start(program, { args: [...args], env: { ...env }, ...(cwd !== undefined && { cwd }) }, input);
  running.add(child);
  let timedOut = false;
  let hard: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    kill(child, "SIGTERM");
    hard ??= setTimeout(() => kill(child, "SIGKILL"), graceMs);
  };
  const timer = limitMs === undefined ? undefined : setTimeout(() => {
    timedOut = true;
    end();
  }, limitMs);
  signal?.addEventListener("abort", end);
  try {
    if (input !== undefined) await write(child.stdin, input);
    const [stdout, stderr, { code }] = await Promise.all([
      readAll(child.stdout, onLine),
      readAll(child.stderr),
      child.status,
    ]);
    signal?.throwIfAborted();
    return { code, stdout, stderr, timedOut };
  } finally {
    clearTimeout(timer);
    clearTimeout(hard);
    signal?.removeEventListener("abort", end);
    running.delete(child);
  }
}

function start(program: string, options: Deno.CommandOptions, input: string | undefined): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      ...options,
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new Error(`cannot start ${program}: ${(error as Error).message}`);
  }
}

async function write(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch { /* it ended without reading: how, its exit code tells */ }
}

async function readAll(stream: ReadableStream<Uint8Array>, onLine?: (line: string) => void): Promise<string> {
  let text = "";
  let begin = 0;
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const piece = decoder.decode(bytes, { stream: true });
    text += piece;
    for (let end = text.indexOf("\n", begin); onLine && end >= 0; end = text.indexOf("\n", begin)) {
      onLine(text.slice(begin, end));
      begin = end + 1;
    }
  }
  return text;
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch { /* it has ended */ }
}
