/** A file or folder that does not hold what its format asks for. The message names the file and the tensor or field. */
export class FormatError extends Error {
  /** The command line prints the message of such an error alone, without a stack. */
  readonly userFacing = true as const;
  override readonly name = "FormatError";
}

/** Quotes a name from a file for a message: control characters escaped, long names cut. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}
