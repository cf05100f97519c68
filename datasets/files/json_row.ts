import { DataError, errorAt, type Place } from "../errors.ts";

/** One row of a source file, as parsed JSON. */
export interface Row {
  /** The parsed value; nothing about its shape is known yet. */
  readonly value: unknown;
  /** Line on which the row starts, counted from 1. */
  readonly line: number;
}

/** What row files may look like; part of several messages. */
export const ACCEPTED_FORMS = "a JSON array of objects, or JSON Lines (one object a line)";

/** Longest row accepted, in bytes. It bounds memory when a quote or a bracket is never closed. */
export const MAX_ROW_BYTES = 64 << 20;

/** Whole lines of a JSON Lines file. */
export interface LinesPiece {
  readonly kind: "lines";
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of the first of them, from 1. */
  readonly line: number;
  /** Whether the file ends here. */
  readonly last: boolean;
}

/** Whole elements of a JSON array. */
export interface ElementsPiece {
  readonly kind: "elements";
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of each element: where it begins and ends in the bytes, and its line. */
  readonly spans: Uint32Array<ArrayBuffer>;
}

/** Words of an element in {@link ElementsPiece.spans}. */
export const SPAN_WORDS = 3;

/** Whole rows of a JSON file. */
export type JsonPiece = LinesPiece | ElementsPiece;

/** Cuts a file's bytes into whole rows. */
export interface RowSplitter {
  /** Takes the next bytes and returns the rows that they complete. */
  feed(chunk: Uint8Array): JsonPiece | undefined;
  /** Says that the file has ended, and returns what is left. */
  end(): JsonPiece | undefined;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8, or returns undefined if the bytes are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The error for bytes that are not UTF-8. */
export function encodingError(place: Place): DataError {
  return errorAt(place, "wanted UTF-8 text, found bytes that are not valid UTF-8");
}

/** The error for a row that grows past {@link MAX_ROW_BYTES}. */
export function rowTooLong(place: Place): DataError {
  return errorAt(
    place,
    `wanted a row of at most ${MAX_ROW_BYTES >> 20} MiB, found a longer one; is a quote or a bracket left open?`,
  );
}

/**
 * Parses the text of one row.
 *
 * @throws {DataError} naming file, line and, where the parser tells it, column.
 */
export function parseRow(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error), place);
  }
}

/** Rewords the JSON parser's message, whose line and column count from the start of the row. */
function malformed(message: string, place: Place): DataError {
  const spot = /\(line (\d+) column (\d+)\)/.exec(message);
  const reason = message.replace(
    /(,? "(?:.|\n)*" is not valid JSON| in JSON at position.*| after JSON at position.*)$/,
    "",
  );
  if (spot === null) return errorAt(place, `malformed JSON: ${reason}`);
  const line = place.line + Number(spot[1]) - 1;
  return new DataError(`${place.file}:${line}:${spot[2]}: malformed JSON: ${reason}`);
}
