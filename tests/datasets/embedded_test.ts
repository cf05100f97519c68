import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { belleSamples, guanacoSamples } from "../../datasets/embedded/generate.ts";
import { chineseNumber } from "../../datasets/embedded/questions.ts";
import { embeddedSampleUrl, type SampleName } from "../../datasets/embedded/samples.ts";
import type { Example } from "../../datasets/example.ts";
import { mergeSources } from "../../datasets/merge.ts";
import { readJsonLines, withFolder } from "./testing.ts";

const MAKERS: Record<SampleName, () => string> = { belle: belleSamples, guanaco: guanacoSamples };

function rowsOf(name: SampleName): Example[] {
  return readJsonLines<Example>(embeddedSampleUrl(name).pathname);
}

for (const [name, make] of Object.entries(MAKERS) as [SampleName, () => string][]) {
  Deno.test(`generate.ts makes the embedded ${name} samples byte for byte`, () => {
    assertEquals(Deno.readTextFileSync(embeddedSampleUrl(name)), make());
  });

  Deno.test(`the embedded ${name} samples are at least 240, no question twice, Chinese and English, and short`, () => {
    const rows = rowsOf(name);
    assert(rows.length >= 240, `${rows.length} rows`);
    assertEquals(new Set(rows.map((row) => row.instruction + row.input)).size, rows.length);
    const chinese = rows.filter((row) => /\p{Script=Han}/u.test(row.instruction + row.input)).length;
    assert(chinese > rows.length / 3 && chinese < (rows.length * 2) / 3, `${chinese} of ${rows.length}`);
    const bytes = (row: Example) => new TextEncoder().encode(row.instruction + row.input + row.output).length;
    assert(rows.every((row) => bytes(row) < 200));
    assert(rows.filter((row) => bytes(row) < 100).length > rows.length * 0.9);
  });
}

Deno.test("the embedded samples merge whole, detected as what they are, nothing dropped or repaired", async () => {
  await withFolder(async (directory) => {
    const path = (name: SampleName) => embeddedSampleUrl(name).pathname;
    const sources = [
      { name: "belle", path: path("belle"), format: "belle" as const },
      { name: "guanaco", path: path("guanaco") },
    ];
    const report = await mergeSources(sources, { directory, validation: 50, seed: 42 });
    assertEquals(report.total.kept, rowsOf("belle").length + rowsOf("guanaco").length);
    assertEquals(report.total.repaired, { newlines: 0, surrogates: 0 });
    assertEquals(report.sources[1]!.format, "guanaco");
    assertEquals(readJsonLines(join(directory, "validation.jsonl")).length, 50);
  });
});

Deno.test("the embedded sums are right, and some Guanaco rows have a history", () => {
  let checked = 0;
  for (const { instruction, input, output } of [...rowsOf("belle"), ...rowsOf("guanaco")]) {
    const sum = /(\d+)(?:加| plus )(\d+)(?:等于多少？|\?)$/.exec(input || instruction);
    if (sum === null || instruction.startsWith("User:")) continue;
    assert(output.includes(`${Number(sum[1]) + Number(sum[2])}`), output);
    checked++;
  }
  assert(checked >= 40, `${checked} sums`);
  assert(rowsOf("guanaco").filter((row) => row.instruction.startsWith("User: ")).length >= 40);
});

Deno.test("chineseNumber() writes numbers below 100 as people do", () => {
  assertEquals([0, 7, 10, 14, 20, 99].map(chineseNumber), ["零", "七", "十", "十四", "二十", "九十九"]);
});
