// Merging and tokenising rows made up in quantity: the same bytes on any number of threads.
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { mergeSources } from "../../datasets/merging/merge.ts";
import type { MergeReport } from "../../datasets/merging/merge_report.ts";
import { writeSyntheticRows } from "../../tasks/bench/synthetic_rows.ts";
import { tokenFilePaths } from "../../datasets/tokens/token_files.ts";
import { TokenWriter } from "../../datasets/tokens/token_writer.ts";
import type { TokenSplitMeta } from "../../pipeline/stages/kinds.ts";
import { tokenizeSplit } from "../../pipeline/stages/tokens/tokenize_split.ts";
import { LLAMA_JSON } from "../models/sample_tokenizers.ts";
import { withFolder, write } from "../datasets/testing.ts";

Deno.test("mergeSources() writes the same bytes and the same report on one thread and on three", async () => {
  await withFolder(async (folder) => {
    const { belle, guanaco, bytes } = writeSyntheticRows(folder, 12000);
    assert(bytes > 9e6, "enough for threads to be used");
    const sources = [{ name: "belle", path: belle }, { name: "guanaco", path: guanaco, weight: 1.5 }];
    const results: { report: MergeReport; files: Uint8Array[] }[] = [];
    for (const workers of [1, 3]) {
      const directory = join(folder, `${workers}`);
      Deno.mkdirSync(directory);
      const options = { directory, validation: 100, seed: 42, workers };
      const report = await mergeSources(sources, { ...options, filters: { nearDuplicates: "drop" } });
      const files = ["train.jsonl", "validation.jsonl"].map((name) => Deno.readFileSync(join(directory, name)));
      results.push({ report, files });
    }
    assertEquals(results[0]!.report.total.rows, 12000);
    assert(results[1]!.files[0]!.length > 8e6);
    assertEquals(results[1]!.report, results[0]!.report);
    results[1]!.files.forEach((file, at) => assert(equal(file, results[0]!.files[at]!)));
  });
});

Deno.test("tokenising gives the same bytes and the same counts on one thread and on three", async () => {
  await withFolder(async (folder) => {
    const { belle, guanaco } = writeSyntheticRows(folder, 12000);
    const sources = [{ name: "belle", path: belle }, { name: "guanaco", path: guanaco }];
    await mergeSources(sources, { directory: folder, validation: 0, seed: 42 });
    write(folder, "tokenizer.json", LLAMA_JSON);
    const setup = { tokenizer: folder, template: "chat", maxTokens: 700, trainOn: "answers", longRows: "cut" } as const;
    const signal = new AbortController().signal;
    const results: { counts: TokenSplitMeta; files: Uint8Array[] }[] = [];
    for (const workers of [1, 3]) {
      const writer = new TokenWriter(folder, "train");
      const counts = await tokenizeSplit(join(folder, "train.jsonl"), writer, setup, workers, signal, () => {});
      const files = Object.values(tokenFilePaths(folder, "train")).map((path) => Deno.readFileSync(path));
      results.push({ counts, files });
    }
    const [first, ...others] = results;
    assertEquals(first!.counts.rows + first!.counts.dropped, 12000);
    assert(first!.counts.truncated > 0 && first!.counts.labelledTokens > 0);
    for (const { counts, files } of others) {
      assertEquals(counts, first!.counts);
      files.forEach((file, at) => assert(equal(file, first!.files[at]!)));
    }
  });
});

Deno.test("writeSyntheticRows() gives the same rows for the same seed", async () => {
  await withFolder((folder) => {
    const read = (seed: number) => {
      const { belle, guanaco } = writeSyntheticRows(folder, 70, seed);
      return Deno.readTextFileSync(belle) + Deno.readTextFileSync(guanaco);
    };
    const first = read(1);
    assertEquals(read(1), first);
    assert(read(2) !== first);
  });
});

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
