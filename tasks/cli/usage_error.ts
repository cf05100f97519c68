/** The command line was called in a way that does not fit. Printed as one message, without a stack; exit code 1. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  /** Recognised where errors are printed. */
  readonly userFacing = true as const;
  /** The sort of fault, where the command line has a sentence for it. */
  readonly kind: "exists" | undefined;

  /** Says what does not fit. */
  constructor(message: string, { kind }: { readonly kind?: "exists" } = {}) {
    super(message);
    this.kind = kind;
  }
}

/** A flag that nothing here has. */
export class UnknownFlagError extends UsageError {
  override readonly name: string = "UnknownFlagError";

  /** `flag` is its name without dashes before it, such as `lora-r` or `no-autotune`. */
  constructor(message: string, readonly flag: string) {
    super(message);
  }
}
