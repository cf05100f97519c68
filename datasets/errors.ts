/**
 * A fault in data that the user supplied: a missing file, malformed JSON, a row with the wrong fields. The message
 * says where, what was wanted and what was found; the command line prints it as it is.
 */
export class DataError extends Error {
  override readonly name = "DataError";
  /** What went wrong. */
  readonly kind: "data" | "validation";
  /** Tells the command line that the message is meant for the user and needs no stack trace. */
  readonly userFacing = true as const;

  /** Says what is wrong: with the rows, or with how many of them are held out (`validation`). */
  constructor(message: string, { kind = "data", ...options }: ErrorOptions & { kind?: "data" | "validation" } = {}) {
    super(message, options);
    this.kind = kind;
  }
}

/** A place in a source file, for messages. */
export interface Place {
  /** Path as the user wrote it. */
  readonly file: string;
  /** Line, counted from 1. */
  readonly line: number;
}

/** A {@link DataError} whose message starts with `file:line: `. */
export function errorAt(place: Place, message: string): DataError {
  return new DataError(`${place.file}:${place.line}: ${message}`);
}

/** Names the type of a JSON value and shows a short piece of it, for example `a number (3)`. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `binary data (${value.byteLength} bytes)`; // Parquet has what JSON has not
  if (value instanceof Date) return `a time (${Number.isNaN(value.getTime()) ? "none" : value.toISOString()})`;
  if (typeof value === "bigint") return `a number (${value})`;
  if (typeof value === "object") {
    const keys = Object.keys(value);
    return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 8).join(", ")}`;
  }
  return `a ${typeof value} (${shorten(JSON.stringify(value) ?? String(value))})`;
}

/** Cuts a piece of text to at most `limit` characters, marking the cut. */
export function shorten(text: string, limit = 40): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}
