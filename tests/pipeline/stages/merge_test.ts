import { noCounts } from "../../../datasets/merging/merge_report.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../../datasets/errors.ts";
import type { MergeReport } from "../../../datasets/merging/merge_report.ts";
import { defineStage, PipelineError, type PipelineEvent, type Stage } from "../../../pipeline/core/mod.ts";
import { rowsFile } from "../../../pipeline/stages/kinds.ts";
import { merge } from "../../../pipeline/stages/merge.ts";
import { embeddedSamples } from "../../../pipeline/stages/embedded_samples.ts";
import { belle, rows } from "../../../pipeline/stages/sources.ts";
import { run, withFolder, writeRows } from "./running.ts";

function alpacaRows(count: number): unknown[] {
  return Array.from({ length: count }, (_, index) => ({ instruction: `row ${index}`, input: "", output: "好" }));
}

Deno.test("merge() writes both splits and a report, and says what it kept", async () => {
  await withFolder(async (folder) => {
    const path = writeRows(folder, "own.jsonl", [...alpacaRows(10), ...alpacaRows(4)]);
    const events: PipelineEvent[] = [];
    const build = () => ({
      data: merge({ sources: [rows(path), embeddedSamples({ form: "belle" })], validation: 20 }),
    });
    const { targets: { data } } = await run(folder, build, (event) => events.push(event));
    assertEquals([...data.files].toSorted(), ["report.json", "train.jsonl", "validation.jsonl"]);
    const report = JSON.parse(Deno.readTextFileSync(join(data.dir, "report.json"))) as MergeReport;
    assertEquals(report.sources.map(({ source, format, detected }) => [source, format, detected]), [
      ["own.jsonl", "alpaca", true],
      ["embedded belle", "belle", false],
    ]);
    assertEquals(data.meta, {
      train: report.train,
      validation: 20,
      read: report.total.rows,
      dropped: { ...noCounts().dropped, "duplicate": 4 },
    });
    const lines = (name: string) => Deno.readTextFileSync(join(data.dir, name)).trimEnd().split("\n").length;
    assertEquals([lines("train.jsonl"), lines("validation.jsonl")], [report.train, 20]);
    const log = events.find((event) => event.type === "stage-log");
    assertStringIncludes(log?.message ?? "", "dropped 4 duplicate");
  });
});

Deno.test("merge() gives the same digest from an empty cache, and from a file of the same name elsewhere", async () => {
  await withFolder(async (folder) => {
    const digests: string[] = [];
    for (const name of ["one", "two"]) {
      Deno.mkdirSync(join(folder, name));
      const path = writeRows(join(folder, name), "rows.json", alpacaRows(50));
      const build = () => ({ data: merge({ sources: [rows(`alpaca:${path}`)], validation: 5, seed: 7 }) });
      digests.push((await run(join(folder, name), build)).targets.data.digest);
    }
    assertEquals(digests[0], digests[1]);
  });
});

Deno.test("merge() takes rows that a stage of the user's made", async () => {
  await withFolder(async (folder) => {
    const made: Stage<Record<never, never>, unknown, typeof rowsFile> = defineStage({
      name: "made",
      version: 1,
      inputs: {},
      output: rowsFile,
      run({ output }) {
        writeRows(output.dir, "made.jsonl", alpacaRows(3));
        return { format: "auto" as const, name: "made" };
      },
    });
    const { targets } = await run(folder, () => ({ data: merge({ sources: [made({})], validation: 0 }) }));
    assertEquals([targets.data.meta.train, targets.data.meta.validation], [3, 0]);
  });
});

Deno.test("merge() publishes nothing when a row is faulty, and names file and line", async () => {
  await withFolder(async (folder) => {
    const path = writeRows(folder, "bad.json", [...alpacaRows(1), { instruction: "a", output: 1 }]);
    const build = () => ({ data: merge({ sources: [belle(path)], validation: 0 }) });
    const error = await assertRejects(() => run(folder, build), DataError);
    assertEquals(error.message, `${path}:2: field "output": wanted a string, found a number (1)`);
    assertEquals(error.userFacing, true);
    await assertRejects(() => run(folder, build), DataError, "bad.json:2:");
  });
});

Deno.test("merge() refuses a default validation split larger than the data", async () => {
  await withFolder(async (folder) => {
    const path = writeRows(folder, "few.json", alpacaRows(3));
    const build = () => ({ data: merge({ sources: [rows(path)] }) });
    await assertRejects(() => run(folder, build), DataError, "wanted fewer than the 3 rows that there are");
  });
});

Deno.test("rows() refuses an unknown prefix when the pipeline is built", async () => {
  await withFolder(async (folder) => {
    const build = () => ({ data: merge({ sources: [rows("guanacco:rows.json")] }) });
    await assertRejects(() => run(folder, build), DataError, "Did you mean guanaco:rows.json?");
  });
});

Deno.test("rows() takes the files of a folder or of a pattern, each by its own format, and names them", async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    Deno.mkdirSync(join(data, "more/.hidden"), { recursive: true });
    writeRows(data, "a.jsonl", [{ instruction: "a", output: "1" }]);
    writeRows(data, "more/b.json", [{ input: "b", target: "2" }]);
    writeRows(data, "more/.hidden/c.json", [{ instruction: "c", output: "3" }]);
    writeRows(data, "dataset_info.json", [{ description: "no rows" }]);
    Deno.writeTextFileSync(join(data, "README.md"), "no rows");
    const read = async (spec: string) => {
      const { targets } = await run(folder, () => ({ data: merge({ sources: [rows(spec)], validation: 0 }) }));
      const report = JSON.parse(Deno.readTextFileSync(join(targets.data.dir, "report.json"))) as MergeReport;
      return report.sources.map(({ source, format, weight }) => [source, format, weight]);
    };
    assertEquals(await read(data), [["data/a.jsonl", "alpaca", 1], ["data/more/b.json", "belle", 1]]);
    assertEquals(await read(`alpaca:${data}/*.jsonl*2`), [["data", "alpaca", 2]]);
    assertEquals(await read(`${data}/**/b*.json`), [["data", "belle", 1]]);
    assertEquals(await read(`${data}/more/*.{json,jsonl}`), [["more", "belle", 1]]);
    await assertRejects(() => read(`${data}/*.parquet`), PipelineError);
  });
});
