/** The command line was called in a way that does not fit. Printed as one message, without a stack; exit code 1. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  /** Recognised where errors are printed. */
  readonly userFacing = true as const;
}

/** A flag that nothing here has. */
export class UnknownFlagError extends UsageError {
  override readonly name: string = "UnknownFlagError";

  /** `flag` is its name without dashes before it, such as `lora-r` or `no-autotune`. */
  constructor(message: string, readonly flag: string) {
    super(message);
  }
}
