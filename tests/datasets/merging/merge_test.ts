import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../../datasets/errors.ts";
import type { Example } from "../../../datasets/example.ts";
import { mergeSources } from "../../../datasets/merging/merge.ts";
import { noCounts } from "../../../datasets/merging/merge_report.ts";
import { readExampleBatches } from "../../../datasets/formats/read_examples.ts";
import { jsonLines, readJsonLines, testWithData, withFolder, write } from "../testing.ts";
import { merge } from "./merging.ts";

function alpacaRows(count: number, name = "row"): unknown[] {
  return Array.from({ length: count }, (_, index) => ({ instruction: `${name} ${index}`, input: "", output: "好" }));
}

Deno.test("mergeSources() drops exact duplicates across sources, keeps the first, and counts them", async () => {
  await withFolder(async (folder) => {
    const { report, train } = await merge(folder, {
      one: [...alpacaRows(3), ...alpacaRows(2)],
      two: [...alpacaRows(4), { instruction: "row 0", input: "", output: "不同" }],
    });
    assertEquals(train.map((row) => `${row.source}/${row.instruction}/${row.output}`).toSorted(), [
      "one/row 0/好",
      "one/row 1/好",
      "one/row 2/好",
      "two/row 0/不同",
      "two/row 3/好",
    ]);
    assertEquals(report.sources.map((source) => [source.rows, source.kept, source.dropped.duplicate]), [
      [5, 3, 2],
      [5, 2, 3],
    ]);
    assertEquals(report.total.dropped, { ...noCounts().dropped, "duplicate": 5 });
    assertEquals([report.train, report.validation], [5, 0]);
  });
});

Deno.test("mergeSources() does not take rows for equal whose fields are divided differently", async () => {
  await withFolder(async (folder) => {
    const rows = [["ab", "c"], ["a", "bc"], ["abc", ""]];
    const { train } = await merge(folder, {
      rows: rows.map(([instruction, input]) => ({ instruction, input, output: "d" })),
    });
    assertEquals(train.length, 3);
  });
});

Deno.test("mergeSources() drops rows without question or answer and says how many", async () => {
  await withFolder(async (folder) => {
    const { report, train } = await merge(folder, {
      rows: [
        { instruction: "a", input: "", output: " \n" },
        { instruction: " ", input: "", output: "b" },
        { instruction: "", input: "User: a", output: "FORBIDDEN" },
      ],
    });
    assertEquals(train, [{
      instruction: "a",
      input: "",
      output: "FORBIDDEN",
      layout: "guanaco",
      source: "rows",
    }]);
    assertEquals(report.sources, [{
      source: "rows",
      format: "guanaco",
      detected: true,
      weight: 1,
      rows: 3,
      examples: 3,
      kept: 1,
      dropped: { ...noCounts().dropped, "empty instruction": 1, "empty output": 1 },
      repaired: { newlines: 0, surrogates: 0 },
      reservedAnswers: 1,
    }]);
  });
});

Deno.test("mergeSources() reads by the declared format, even if rows look like another", async () => {
  await withFolder(async (folder) => {
    const path = write(folder, "rows.json", jsonLines([{ instruction: "一\\n二", input: "", output: "三" }]));
    const options = { directory: folder, validation: 0, seed: 1 };
    const declared = await mergeSources([{ name: "a", path, format: "belle" }], options);
    assertEquals([declared.sources[0]!.format, declared.sources[0]!.detected], ["belle", false]);
    assertEquals(readJsonLines<Example>(join(folder, "train.jsonl"))[0]!.instruction, "一\n二");
    const detected = await mergeSources([{ name: "a", path }], options);
    assertEquals([detected.sources[0]!.format, detected.total.repaired.newlines], ["alpaca", 0]);
  });
});

Deno.test("mergeSources() splits every row off once, in an order that only the seed decides", async () => {
  await withFolder(async (folder) => {
    const rows = { one: alpacaRows(300), two: alpacaRows(200, "other") };
    const first = await merge(folder, rows, { validation: 70 });
    assertEquals([first.train.length, first.validation.length], [430, 70]);
    const all = [...first.train, ...first.validation].map((row) => row.instruction);
    assertEquals(new Set(all).size, 500);
    // Shuffled: neither split is in the order of the sources.
    assert(new Set(first.validation.map((row) => row.source)).size === 2);
    assertNotEquals(first.train.map((row) => row.instruction).toSorted(), first.train.map((row) => row.instruction));
    const again = await merge(folder, rows, { validation: 70 });
    assertEquals(again.bytes, first.bytes);
    assertEquals(again.report, first.report);
    const other = await merge(folder, rows, { validation: 70, seed: 43 });
    assertNotEquals(other.bytes, first.bytes);
  });
});

Deno.test("mergeSources() writes these very bytes for these rows and this seed", async () => {
  await withFolder(async (folder) => {
    const { bytes } = await merge(folder, { 源: alpacaRows(4) }, { validation: 1 });
    assertEquals(
      new TextDecoder().decode(bytes),
      [3, 0, 1].map((n) => `{"instruction":"row ${n}","input":"","output":"好","source":"源"}\n`).join(""),
    );
  });
});

Deno.test("mergeSources() refuses as many validation rows as there are rows, saying how many there are", async () => {
  await withFolder(async (folder) => {
    for (const validation of [3, 2000]) {
      const error = await assertRejects(() => merge(folder, { few: alpacaRows(3) }, { validation }), DataError);
      assertEquals(
        error.message,
        "validation: wanted fewer than the 3 rows that there are after merging, so that some are left to train on, " +
          `found ${validation}: lower it (0 holds out none). Sources: few (3 read, 3 kept)`,
      );
    }
    assertEquals((await merge(folder, { few: alpacaRows(3) }, { validation: 2 })).train.length, 1);
  });
});

Deno.test("mergeSources() refuses sources of which nothing is kept, and an empty array", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => merge(folder, { blank: [{ instruction: "a", input: "", output: "" }] }),
      DataError,
      "wanted rows to train on, found none that can be kept in blank (1 read, 0 kept)",
    );
    const path = write(folder, "empty.json", "[]");
    const options = { directory: folder, validation: 0, seed: 1 };
    await assertRejects(() => mergeSources([{ name: "e", path }], options), DataError, "found an empty array");
    await assertRejects(() => mergeSources([], options), DataError, "wanted at least one source");
  });
});

Deno.test("mergeSources() stops at a faulty row with file and line, and leaves no temporary file", async () => {
  await withFolder(async (folder) => {
    const error = await assertRejects(
      () => merge(folder, { bad: [...alpacaRows(40), { instruction: "x", output: { a: 1 } }] }),
      DataError,
    );
    assertStringIncludes(error.message, 'bad.json:41: field "output": wanted a string, found an object with a');
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["bad.json"]);
  });
});

Deno.test("mergeSources() finds a missing source before it reads the others", async () => {
  await withFolder(async (folder) => {
    const first = { name: "bad", path: write(folder, "bad.json", "not json") };
    const sources = [first, { name: "gone", path: join(folder, "gone.json") }];
    await assertRejects(
      () => mergeSources(sources, { directory: folder, validation: 0, seed: 1 }),
      DataError,
      "gone.json: wanted a file of rows, found no such file",
    );
  });
});

Deno.test("mergeSources() reports progress up to all bytes and all rows, and stops when told to", async () => {
  await withFolder(async (folder) => {
    const text = jsonLines(alpacaRows(50));
    const sources = [{ name: "a", path: write(folder, "a.json", text) }];
    const seen: string[] = [];
    const options = { directory: folder, validation: 0, seed: 1 };
    await mergeSources(sources, {
      ...options,
      onProgress: ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`),
    });
    const size = new TextEncoder().encode(text).length;
    assertEquals(seen, [`read ${size}/${size}`, "write 50/50"]);
    await assertRejects(() => mergeSources(sources, { ...options, signal: AbortSignal.abort(new Error("stop")) }));
  });
});

Deno.test("readExampleBatches() reads merged files back, an empty one too", async () => {
  await withFolder(async (folder) => {
    const { train } = await merge(folder, { rows: alpacaRows(5) });
    const back = await Array.fromAsync(readExampleBatches(join(folder, "train.jsonl")));
    assertEquals(back.flat(), train);
    assertEquals(await Array.fromAsync(readExampleBatches(join(folder, "validation.jsonl"))), []);
  });
});

testWithData("mergeSources() merges BELLE's seed tasks", "belle/zh_seed_tasks.json", async (path) => {
  await withFolder(async (folder) => {
    const report = await mergeSources([{ name: "belle", path }], { directory: folder, validation: 20, seed: 42 });
    const [source] = report.sources;
    assertEquals([source!.format, source!.rows], ["belle", 175]);
    assertEquals(source!.kept + source!.dropped["empty output"] + source!.dropped.duplicate, source!.examples);
    assertEquals(report.train, source!.kept - 20);
  });
});

testWithData(
  "mergeSources() repairs the literal newlines of Chinese-Vicuna's own sample",
  "chinese-vicuna/sample_instruct_data_sample.jsonl",
  async (path) => {
    await withFolder(async (folder) => {
      const options = { directory: folder, validation: 0, seed: 42, literalNewlines: "repair" } as const;
      const report = await mergeSources([{ name: "s", path }], options);
      assertEquals([report.total.rows, report.total.kept, report.total.repaired.newlines], [10, 10, 4]);
      assert(!Deno.readTextFileSync(join(folder, "train.jsonl")).includes("\\\\n"));
    });
  },
);

testWithData(
  "mergeSources() changes no row of the Chinese alpaca data",
  "alpaca-chinese/alpaca_zh_00000_03252.json",
  async (path) => {
    await withFolder(async (folder) => {
      const report = await mergeSources([{ name: "alpaca", path }], { directory: folder, validation: 100, seed: 42 });
      assertEquals([report.total.rows, report.sources[0]!.format], [3247, "alpaca"]);
      assertEquals(report.total.repaired, { newlines: 0, surrogates: 0 });
      assertEquals(report.train + 100, report.total.kept);
    });
  },
);
