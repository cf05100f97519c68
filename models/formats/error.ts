/** What is wrong with it: not a model folder, no adapter folder, an adapter of another model, or anything else. */
export type FormatErrorKind = "notModel" | "noAdapter" | "otherBase" | "format";

/** A file or folder that does not hold what its format asks for. The message names the file and the tensor or field. */
export class FormatError extends Error {
  /** The command line prints the message of such an error alone, without a stack. */
  readonly userFacing = true as const;
  override readonly name: string = "FormatError";
  /** What is wrong. */
  readonly kind: FormatErrorKind;

  /** Says what is wrong, and of which sort it is. */
  constructor(
    message: string,
    { kind = "format", ...options }: ErrorOptions & { readonly kind?: FormatErrorKind } = {},
  ) {
    super(message, options);
    this.kind = kind;
  }
}

/** Quotes a name from a file for a message: control characters escaped, long names cut. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}

/** An adapter was made for another model: the message names the first projection that differs. */
export class AdapterFitError extends FormatError {
  override readonly name: string = "AdapterFitError";

  /** Names the projection. */
  constructor(message: string) {
    super(message, { kind: "otherBase" });
  }
}

/** A file is not the one that it should be: its SHA-256 differs. */
export class DamagedFileError extends FormatError {
  override readonly name: string = "DamagedFileError";

  /** Names the file. */
  constructor(readonly path: string) {
    super(`${path} is damaged: its SHA-256 is not what it was when it was written`);
  }
}
