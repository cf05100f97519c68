import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { mergeSources } from "../../datasets/merge.ts";
import type { MergeReport } from "../../datasets/merge_report.ts";
import { writeSyntheticRows } from "./synthetic_rows.ts";
import { withFolder } from "./testing.ts";

Deno.test("mergeSources() writes the same bytes and the same report on one, two and three threads", async () => {
  await withFolder(async (folder) => {
    const { belle, guanaco, bytes } = writeSyntheticRows(folder, 12000);
    assert(bytes > 9e6, "enough for threads to be used");
    const sources = [{ name: "belle", path: belle }, { name: "guanaco", path: guanaco, weight: 1.5 }];
    const results: { report: MergeReport; files: Uint8Array[] }[] = [];
    for (const workers of [1, 2, 3]) {
      const directory = join(folder, `${workers}`);
      Deno.mkdirSync(directory);
      const options = { directory, validation: 100, seed: 42, workers };
      const report = await mergeSources(sources, { ...options, filters: { nearDuplicates: "drop" } });
      const files = ["train.jsonl", "validation.jsonl"].map((name) => Deno.readFileSync(join(directory, name)));
      results.push({ report, files });
    }
    assertEquals(results[0]!.report.total.rows, 12000);
    assert(results[1]!.files[0]!.length > 8e6);
    for (const result of results.slice(1)) {
      assertEquals(result.report, results[0]!.report);
      result.files.forEach((file, at) => assert(equal(file, results[0]!.files[at]!)));
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
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
