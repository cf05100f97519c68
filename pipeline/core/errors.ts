/**
 * Sorts of faults that the command line has a sentence for: the network cannot be reached, or must not be used; another run
 * writes into the folder; the pipeline differs from its lock; stages do not fit each other; options want another one.
 */
export type PipelineErrorKind = "network" | "offline" | "busy" | "drift" | "wiring" | "options";

/**
 * A failure that its user can mend: bad arguments, a missing file, an input edited during a run.
 * The command line prints its message alone, without a stack, and exits with 1.
 */
export class PipelineError extends Error {
  /** Name of the class, for messages. */
  override readonly name: string = "PipelineError";
  /** Recognised by the command line. */
  readonly userFacing = true as const;
  /** The sort of fault as the stage's error has it, where that was thrown in another process. */
  readonly kind: string | undefined;

  /** Says what failed. */
  constructor(message: string, { kind, ...options }: ErrorOptions & { readonly kind?: string | undefined } = {}) {
    super(message, options);
    this.kind = kind;
  }
}

/** A folder of the user's has no file of the kind of input that it is given for. */
export class WrongFolderError extends PipelineError {
  /** Name of the class, for messages. */
  override readonly name: string = "WrongFolderError";

  /** `inputKind` is the name of that kind. */
  constructor(message: string, readonly inputKind: string) {
    super(message);
  }
}

/**
 * A file that a stage reads is not what its producer published. Thrown by stages that verify a large input while they
 * read it (`verifies`); the runner then sets the producer's result aside, computes it again, and starts the stage anew.
 */
export class DamagedInputError extends PipelineError {
  /** Name of the class, for messages. */
  override readonly name: string = "DamagedInputError";

  /** Names the input of the stage, as in `inputs`, and the file relative to the input's folder. */
  constructor(readonly input: string, readonly file: string) {
    super(`reading ${file} of the input ${input}: it is not what was published (SHA-256 differs)`);
  }
}

/** A file of a run's result in the cache is not what was published: its result should be set aside and computed again. */
export class DamagedTargetError extends PipelineError {
  /** Name of the class, for messages. */
  override readonly name: string = "DamagedTargetError";

  /** Names the file, and the key of the result that it belongs to. */
  constructor(readonly file: string, readonly key: string) {
    super(`copying ${file}: it cannot be read or is not what was published; nothing was written in its place`);
  }
}

/** A stage was called with arguments that do not fit it. Says where in the user's pipeline that happened. */
export class StageArgumentError extends PipelineError {
  /** Name of the class, for messages. */
  override readonly name: string = "StageArgumentError";
  /** File, line and column of the call, when the stack tells. */
  readonly location: string | undefined;

  /** Appends the place of the call to the message. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, kind: "wiring" });
    this.location = callerLocation(this.stack ?? "");
    if (this.location !== undefined) this.message = `${message}\n    at ${this.location}`;
  }
}

/** The first frame of a stack that lies outside the code of pipelines itself, as `file:line:column`. */
function callerLocation(stack: string): string | undefined {
  const own = [new URL("./", import.meta.url).href, new URL("../stages/", import.meta.url).href];
  for (const line of stack.split("\n")) {
    const found = line.match(/(file:\/\/[^\s()]+):(\d+):(\d+)/);
    if (found === null) continue;
    const [, url = "", row, column] = found;
    if (own.some((folder) => url.startsWith(folder))) continue;
    return `${decodeURIComponent(new URL(url).pathname)}:${row}:${column}`;
  }
  return undefined;
}

/** Says whether an error is meant for the user as it stands (this area's or another's). */
export function isUserFacing(error: unknown): error is Error & { readonly userFacing: true } {
  return error instanceof Error && "userFacing" in error && error.userFacing === true;
}
