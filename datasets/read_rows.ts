import { DataError } from "./errors.ts";
import { fileChunks } from "./file_chunks.ts";
import { JsonArray } from "./json_array.ts";
import { JsonLines } from "./json_lines.ts";
import { ACCEPTED_FORMS, type Row, type RowSplitter } from "./json_row.ts";

export type { Row } from "./json_row.ts";

/** Settings of {@link readRowBatches}. */
export interface ReadRowsOptions {
  /** Stops the reading. */
  readonly signal?: AbortSignal;
  /** Told after each piece of the file how many bytes have been read so far. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Streams the rows of a JSON array or of JSON Lines, in batches of what one piece of the file completes. Which of the
 * two it is, the first byte that is not blank says, never the file's suffix. Only one piece and one unfinished row are
 * in memory at a time.
 *
 * @throws {DataError} naming file and line: no such file, a folder, an empty file, malformed or truncated JSON, text
 * that is not UTF-8.
 */
export async function* readRowBatches(path: string, options: ReadRowsOptions = {}): AsyncGenerator<Row[]> {
  let splitter: RowSplitter | undefined;
  let bytes = 0;
  let blankLines = 0;
  for await (const chunk of fileChunks(path)) {
    options.signal?.throwIfAborted();
    bytes += chunk.length;
    if (splitter === undefined) {
      const first = chunk.findIndex((byte) => !isBlank(byte));
      if (first < 0) {
        blankLines += chunk.filter((byte) => byte === 10).length;
        continue;
      }
      splitter = splitterFor(path, chunk[first]!);
      if (blankLines > 0) splitter.feed(new Uint8Array(blankLines).fill(10));
    }
    const rows = splitter.feed(chunk);
    options.onBytes?.(bytes);
    if (rows.length > 0) yield rows;
  }
  if (splitter === undefined) throw new DataError(`${path}: wanted rows, found a file of blanks only`);
  const rest = splitter.end();
  if (rest.length > 0) yield rest;
}

/** Streams the rows one by one; see {@link readRowBatches}, which is quicker for many rows. */
export async function* readRows(path: string, options: ReadRowsOptions = {}): AsyncGenerator<Row> {
  for await (const rows of readRowBatches(path, options)) yield* rows;
}

function splitterFor(path: string, byte: number): RowSplitter {
  if (byte === 0x5b) return new JsonArray(path);
  if (byte === 0x7b) return new JsonLines(path);
  const found = byte >= 0x21 && byte < 0x7f ? `\`${String.fromCharCode(byte)}\`` : `byte 0x${byte.toString(16)}`;
  throw new DataError(`${path}: wanted ${ACCEPTED_FORMS}, found a file that begins with ${found}`);
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}
