import { type Faulty, parseElements, parseLines } from "../files/json_pieces.ts";
import type { Row } from "../files/json_row.ts";
import { readParquetPiece } from "../files/parquet.ts";
import { type Piece, type ReadOptions, readPieces } from "../files/pieces.ts";

export type { Row } from "../files/json_row.ts";

/**
 * Parses the rows of a piece.
 *
 * @param file path, for messages.
 * @param onFault takes the error of a row that is malformed, and the row is left out; without it the error is thrown.
 * @throws {DataError} naming file and line.
 */
export function parsePiece(piece: Piece, file: string, onFault?: Faulty): Row[] | Promise<Row[]> {
  switch (piece.kind) {
    case "lines":
      return parseLines(piece, file, onFault);
    case "elements":
      return parseElements(piece, file, onFault);
    case "parquet":
      return readParquetPiece(piece);
  }
}

/**
 * Streams the rows of a file, see {@link readPieces}, in batches of what one piece of the file completes.
 *
 * @throws {DataError} naming file and line: also for malformed JSON and text that is not UTF-8.
 */
export async function* readRowBatches(path: string, options: ReadOptions = {}): AsyncGenerator<Row[]> {
  for await (const piece of readPieces(path, options)) {
    const rows = await parsePiece(piece, path);
    if (rows.length > 0) yield rows;
  }
}

/** Streams the rows one by one; see {@link readRowBatches}, which is quicker for many rows. */
export async function* readRows(path: string, options: ReadOptions = {}): AsyncGenerator<Row> {
  for await (const rows of readRowBatches(path, options)) yield* rows;
}
