import { tableAdvice } from "./containers.ts";
import { DataError } from "../errors.ts";
import { fileChunks } from "./file_chunks.ts";
import { JsonArray } from "./json_array.ts";
import { JsonLines } from "./json_lines.ts";
import { ACCEPTED_FORMS, type JsonPiece, type RowSplitter } from "./json_row.ts";
import { isParquet, type ParquetPiece, parquetPieces } from "./parquet.ts";

/** Some whole rows of a file, not parsed yet: what one worker is given at a time. */
export type Piece = JsonPiece | ParquetPiece;

/** Settings of {@link readPieces}. */
export interface ReadOptions {
  /** Stops the reading. */
  readonly signal?: AbortSignal;
  /** Told after each piece of the file how many of its bytes have been read so far. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Cuts a file into pieces of whole rows: a JSON array, JSON Lines, either of them gzipped, or Parquet. Which it is, the
 * first bytes say, never the file's suffix. Only one piece and one unfinished row are in memory at a time.
 *
 * @throws {DataError} naming file and line: no such file, a folder, an empty file, a torn array.
 */
export async function* readPieces(path: string, options: ReadOptions = {}): AsyncGenerator<Piece> {
  if (await isParquet(path)) {
    yield* parquetPieces(path, options);
    return;
  }
  let splitter: RowSplitter | undefined;
  let blankLines = 0;
  for await (const chunk of fileChunks(path, options.onBytes)) {
    options.signal?.throwIfAborted();
    if (splitter === undefined) {
      const first = chunk.findIndex((byte) => !isBlank(byte));
      if (first < 0) {
        blankLines += chunk.filter((byte) => byte === 10).length;
        continue;
      }
      splitter = splitterFor(path, chunk.subarray(first));
      if (blankLines > 0) splitter.feed(new Uint8Array(blankLines).fill(10));
    }
    const piece = splitter.feed(chunk);
    if (piece !== undefined) yield piece;
  }
  if (splitter === undefined) throw new DataError(`${path}: wanted rows, found a file of blanks only`);
  const rest = splitter.end();
  if (rest !== undefined) yield rest;
}

function splitterFor(path: string, start: Uint8Array): RowSplitter {
  const byte = start[0]!;
  // A list of texts is a row by itself (a dialogue of LCCC), so a file that begins with one has a row a line.
  if (byte === 0x5b) {
    return start.find((each, at) => at > 0 && !isBlank(each)) === 0x22 ? new JsonLines(path) : new JsonArray(path);
  }
  if (byte === 0x7b) return new JsonLines(path);
  const found = byte >= 0x21 && byte < 0x7f ? `\`${String.fromCharCode(byte)}\`` : `byte 0x${byte.toString(16)}`;
  const advice = tableAdvice(start);
  throw new DataError(
    `${path}: wanted ${ACCEPTED_FORMS}, found a file that begins with ${found}${advice ? `: ${advice}` : ""}`,
  );
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}
