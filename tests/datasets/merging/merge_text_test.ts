// What a merge alters of texts, and what counts as none.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Example } from "../../../datasets/example.ts";
import { mergeSources } from "../../../datasets/merging/merge.ts";
import { jsonLines, readJsonLines, withFolder, write } from "../testing.ts";
import { merge } from "./merging.ts";

Deno.test("mergeSources() repairs text before it compares rows, and counts the rows changed", async () => {
  await withFolder(async (folder) => {
    const { report, train } = await merge(folder, {
      rows: [
        { input: "问题：\\n一\\n\n", target: "答\\n" },
        { input: "问题：\n一\n", target: "答\n" },
        { input: "half \ud800", target: "print('\\n')" },
      ],
    });
    assertEquals(train.map(({ instruction, output }) => [instruction, output]).toSorted(), [
      ["half \ufffd", "print('\\n')"],
      ["问题：\n一\n", "答\n"],
    ]);
    assertEquals(report.total.repaired, { newlines: 1, surrogates: 1 });
    assertEquals(report.total.dropped.duplicate, 1);
  });
});

// Whether text is altered: clean_example.ts (all fields), normalise.ts, row_fields.ts and context.ts (blank system texts),
// filters.ts (what counts as empty), joinWords of lccc.ts, and chat_template.ts (labels of empty answers).
Deno.test("mergeSources() keeps a literal backslash-n at the ends of lines, unless it is BELLE's or asked for", async () => {
  await withFolder(async (folder) => {
    const rows = [
      { instruction: "Python 里换行符怎么写？", input: "", output: "\\n" },
      { instruction: "在 C 语言中, 哪个转义表示换行, 为什么不是 \\n", input: "", output: "就是它: \\n" },
      { instruction: "printf 例子", input: "", output: 'printf("hi\\n");' },
    ];
    const path = write(folder, "rows.json", jsonLines(rows));
    const read = async (literalNewlines?: "belle" | "repair" | "keep", format?: "belle") => {
      const source = { name: "a", path, ...(format && { format }) };
      const options = { directory: folder, validation: 0, seed: 1, ...(literalNewlines && { literalNewlines }) };
      const report = await mergeSources([source], options);
      const found = readJsonLines<Example>(join(folder, "train.jsonl")).map(({ source: _, ...rest }) => rest);
      return [
        found.toSorted((one, other) => one.output < other.output ? -1 : 1),
        report.total.repaired.newlines,
      ] as const;
    };
    const kept = rows.toSorted((one, other) => one.output < other.output ? -1 : 1);
    assertEquals(await read(), [kept, 0]);
    assertEquals(await read("keep", "belle"), [kept, 0]);
    for (const [found, count] of [await read("repair"), await read("belle", "belle")]) {
      assertEquals([found.length, count], [3, 1]);
      assert(found.some(({ output }) => output === "\\n"), "an answer that is only that is meant");
      assert(found.some(({ output }) => output === "就是它: \n"));
    }
  });
});

Deno.test("mergeSources() counts an answer of characters without a width as empty, in words that need them it keeps them", async () => {
  await withFolder(async (folder) => {
    const { report, train } = await merge(folder, {
      rows: [
        { instruction: "a", input: "", output: "\u200b\u200d\ufeff " },
        { instruction: "\u2060", input: "\u00ad", output: "b" },
        { instruction: "c", input: "", output: "می\u200cخواهم" },
      ],
    });
    assertEquals([report.total.dropped["empty output"], report.total.dropped["empty instruction"]], [1, 1]);
    assertEquals(train.map(({ output }) => output), ["می\u200cخواهم"]);
  });
});
