import { readHistory } from "./context.ts";
import { describeValue, errorAt, type Place } from "../errors.ts";
import type { Example } from "../example.ts";
import { fileSize } from "../files/file_chunks.ts";
import { type Piece, readPieces } from "../files/pieces.ts";
import { parsePiece } from "./read_rows.ts";
import { asFields, has, text } from "./row_fields.ts";
import { readTurns } from "./turns.ts";

/**
 * Streams the examples of a merged file (train.jsonl, validation.jsonl) in batches. An empty file, which a merge without
 * validation rows writes, has none.
 *
 * @throws {DataError} naming file, line and field.
 */
export async function* readExampleBatches(path: string, signal?: AbortSignal): AsyncGenerator<Example[]> {
  for await (const piece of readExamplePieces(path, signal)) yield await parseExamples(piece, path);
}

/** The pieces of a merged file, for {@link parseExamples}. */
export async function* readExamplePieces(path: string, signal?: AbortSignal): AsyncGenerator<Piece> {
  if (await fileSize(path) > 0) yield* readPieces(path, signal === undefined ? {} : { signal });
}

/** The examples of a piece of a merged file. */
export async function parseExamples(piece: Piece, path: string): Promise<Example[]> {
  return (await parsePlacedExamples(piece, path)).map(({ example }) => example);
}

/** The examples of a piece of a merged file, and where they stand. */
export async function parsePlacedExamples(piece: Piece, path: string): Promise<{ example: Example; place: Place }[]> {
  const rows = await parsePiece(piece, path);
  return rows.map(({ value, line }) => {
    const place = { file: path, line };
    return { example: exampleOf(value, place), place };
  });
}

function exampleOf(value: unknown, place: Place): Example {
  const row = asFields(value, place, "row");
  const layout = row["layout"];
  if (layout !== undefined && layout !== "guanaco") {
    throw errorAt(place, `field "layout": wanted "guanaco" or nothing, found ${describeValue(layout)}`);
  }
  return {
    instruction: text(row, "instruction", place),
    input: text(row, "input", place),
    output: text(row, "output", place),
    ...(has(row, "system") ? { system: text(row, "system", place) } : {}),
    ...(has(row, "history") ? { history: readHistory(row, place) } : {}),
    ...(has(row, "turns") ? { turns: readTurns(row, "turns", place) } : {}),
    ...(layout === undefined ? {} : { layout }),
    source: text(row, "source", place),
  };
}
