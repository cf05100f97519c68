import type { Example } from "./example.ts";
import { fileSize } from "./file_chunks.ts";
import { readRowBatches } from "./read_rows.ts";
import { asFields, text } from "./row_fields.ts";

/**
 * Streams the examples of a merged file (train.jsonl, validation.jsonl) in batches. An empty file, which a merge without
 * validation rows writes, has none.
 *
 * @throws {DataError} naming file, line and field.
 */
export async function* readExampleBatches(path: string, signal?: AbortSignal): AsyncGenerator<Example[]> {
  if (await fileSize(path) === 0) return;
  for await (const rows of readRowBatches(path, signal === undefined ? {} : { signal })) {
    yield rows.map(({ value, line }) => {
      const place = { file: path, line };
      const row = asFields(value, place, "row");
      return {
        instruction: text(row, "instruction", place),
        input: text(row, "input", place),
        output: text(row, "output", place),
        source: text(row, "source", place),
      };
    });
  }
}
