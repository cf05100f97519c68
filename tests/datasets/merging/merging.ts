// A merge of rows that a test writes down.
import { join } from "@std/path";
import type { Example } from "../../../datasets/example.ts";
import { mergeSources } from "../../../datasets/merging/merge.ts";
import type { MergeReport } from "../../../datasets/merging/merge_report.ts";
import { jsonLines, readJsonLines, write } from "../testing.ts";

export interface Merged {
  report: MergeReport;
  train: Example[];
  validation: Example[];
  bytes: Uint8Array;
}

/** Merges sources given as file contents by name. */
export async function merge(
  folder: string,
  contents: Record<string, unknown[]>,
  { validation = 0, seed = 42 } = {},
): Promise<Merged> {
  const sources = Object.entries(contents).map(([name, rows]) => {
    return { name, path: write(folder, `${name}.json`, jsonLines(rows)) };
  });
  const report = await mergeSources(sources, { directory: folder, validation, seed });
  return {
    report,
    train: readJsonLines<Example>(join(folder, "train.jsonl")),
    validation: readJsonLines<Example>(join(folder, "validation.jsonl")),
    bytes: Deno.readFileSync(join(folder, "train.jsonl")),
  };
}
