import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../../datasets/errors.ts";
import type { Example } from "../../../datasets/example.ts";
import type { Filters } from "../../../datasets/merging/filters.ts";
import { languageOf } from "../../../datasets/merging/language.ts";
import { type MergeOptions, mergeSources } from "../../../datasets/merging/merge.ts";
import { noCounts } from "../../../datasets/merging/merge_report.ts";
import { jsonLines, readJsonLines, withFolder, write } from "../testing.ts";

Deno.test("languageOf() tells Chinese, English and others by their script", () => {
  const texts = {
    zh: [
      "你好，世界",
      "用 Python 写一个 for 循环",
      "請用繁體字回答",
      "问：What is AI?\n答：人工智能是计算机科学的一个分支，研究如何让机器像人一样思考。",
    ],
    en: [
      "Hello, world",
      "1 + 1 = 2",
      "",
      "The word 好 means good in Chinese",
      "naïve people drink coffee in the morning, every day of the week, in every city of the world that I have ever been to, and I have been to many",
    ],
    other: [
      "こんにちは、元気ですか",
      "日本語の文章を書いてください",
      "안녕하세요",
      "Привет, мир",
      "Könnten Sie mir bitte erklären, wie das für Anfänger geht?",
      "สวัสดีชาวโลก",
    ],
  };
  for (const [language, samples] of Object.entries(texts)) {
    for (const text of samples) assertEquals(languageOf(text), language as unknown, text);
  }
});

const ROWS = [
  { instruction: "写一首诗", input: "", output: "春眠不觉晓" },
  { instruction: "Write a poem", input: "", output: "Roses are red, violets are blue" },
  { instruction: "詩を書いてください", input: "", output: "古池や蛙飛びこむ水の音" },
  { instruction: "", input: "User: How?", output: "FORBIDDEN" },
];

async function merged(filters: Filters, rows: unknown[] = ROWS, options: Partial<MergeOptions> = {}) {
  let found: { outputs: string[]; dropped: Record<string, number> } | undefined;
  await withFolder(async (folder) => {
    const path = write(folder, "rows.json", jsonLines(rows));
    const sources = [{ name: "rows", path, format: "guanaco" as const }];
    const report = await mergeSources(sources, { directory: folder, validation: 0, seed: 1, filters, ...options });
    const dropped = Object.fromEntries(Object.entries(report.total.dropped).filter(([, count]) => count > 0));
    found = {
      outputs: readJsonLines<Example>(join(folder, "train.jsonl")).map(({ output }) => output).toSorted(),
      dropped,
    };
  });
  return found!;
}

Deno.test("mergeSources() keeps the languages that are wanted and counts the others", async () => {
  assertEquals(await merged({ languages: ["zh"] }), { outputs: ["春眠不觉晓"], dropped: { language: 3 } });
  const both = await merged({ languages: ["en", "other"] });
  assertEquals([both.outputs.length, both.dropped], [3, { language: 1 }]);
});

Deno.test("mergeSources() drops rows that are too short or too long, and reserved answers, when asked to", async () => {
  // "写一首诗\n春眠不觉晓" has 10 characters, "How?\nFORBIDDEN" has 14.
  assertEquals((await merged({ maxCharacters: 10 })).outputs, ["春眠不觉晓"]);
  assertEquals((await merged({ maxCharacters: 9 }).catch((error) => error)) instanceof DataError, true);
  assertEquals((await merged({ minCharacters: 11, maxCharacters: 14 })).outputs, ["FORBIDDEN"]);
  const { outputs, dropped } = await merged({ reservedAnswers: "drop" });
  assertEquals([outputs.length, dropped], [3, { "reserved answer": 1 }]);
});

Deno.test("mergeSources() drops near duplicates when asked to, and counts them apart from equal ones", async () => {
  const long = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？";
  const rows = [long, long, `${long}！`, long.replace("，", "。"), "完全不同的回答"].map((output) => ({
    instruction: "背诵",
    output,
  }));
  assertEquals((await merged({}, rows)).dropped, { duplicate: 1 });
  const { outputs, dropped } = await merged({ nearDuplicates: "drop" }, rows);
  assertEquals([outputs, dropped], [["完全不同的回答", long].toSorted(), { "duplicate": 1, "near duplicate": 2 }]);
});

Deno.test("mergeSources() takes rows of each source by its weight, copies never in both splits", async () => {
  await withFolder(async (folder) => {
    const rows = (name: string) =>
      Array.from({ length: 100 }, (_, at) => ({ instruction: `${name} ${at}`, output: "好" }));
    const sources = Object.entries({ half: 0.5, once: 1, more: 2.25 }).map(([name, weight]) => {
      return { name, path: write(folder, `${name}.json`, jsonLines(rows(name))), weight };
    });
    const report = await mergeSources(sources, { directory: folder, validation: 40, seed: 7 });
    const train = readJsonLines<Example>(join(folder, "train.jsonl"));
    const validation = readJsonLines<Example>(join(folder, "validation.jsonl"));
    assertEquals(report.sources.map(({ kept, dropped }) => [kept, dropped["not sampled"]]), [[50, 50], [100, 0], [
      100,
      0,
    ]]);
    assertEquals([report.train, report.validation], [train.length, 40]);
    const held = new Set(validation.map(({ instruction }) => instruction));
    assertEquals(held.size, 40);
    assert(train.every(({ instruction }) => !held.has(instruction)));
    const times = Map.groupBy(train, ({ instruction }) => instruction);
    const counts = (name: string) =>
      [...times].filter(([text]) => text.startsWith(name)).map(([, copies]) => copies.length);
    const heldOf = (name: string) => validation.filter(({ source }) => source === name).length;
    assertEquals(counts("once"), Array(100 - heldOf("once")).fill(1));
    assertEquals(counts("half").length + heldOf("half"), 50);
    assertEquals([...new Set(counts("more"))].toSorted(), [2, 3]);
    assert(Math.abs(counts("more").filter((count) => count === 3).length - 25) < 12);
    // Shuffled: the copies of a row do not stand side by side.
    assert(train.filter((row, at) => row.instruction === train[at + 1]?.instruction).length < 20);
  });
});

Deno.test("mergeSources() stops at a bad row with file and line, or skips and counts it, as chosen", async () => {
  const good = [{ instruction: "一", output: "二" }, { instruction: "三", output: "四" }];
  const faults = [
    '{"instruction": "a", "output": }',
    '{"instruction": "a"}',
    '{"instruction": null, "output": "b"}',
    '{"instruction": "a", "output": ["b"]}',
    '"text"',
  ];
  await withFolder(async (folder) => {
    for (const [at, fault] of faults.entries()) {
      const lines = [JSON.stringify(good[0]), fault, JSON.stringify(good[1])];
      for (const text of [lines.join("\r\n"), `\ufeff[\n${lines.join(",\n")}\n]`]) {
        const isArray = text.includes("[\n");
        if (isArray && fault.startsWith('"')) continue; // what is not an object ends an array in any case
        const path = write(folder, `fault${at}.json`, text);
        const options = { directory: folder, validation: 0, seed: 1 };
        const sources = [{ name: "rows", path }];
        const error = await mergeSources(sources, options).catch((error) => error);
        assert(error instanceof DataError);
        assert(error.message.startsWith(`${path}:${isArray ? 3 : 2}:`), error.message);
        const report = await mergeSources(sources, { ...options, badRows: "skip" });
        assertEquals([report.total.rows, report.train, report.total.dropped["bad row"]], [3, 2, 1], fault);
      }
    }
    const torn = write(folder, "torn.json", '[{"instruction": "a", "output": "b"}, {"instr');
    const error = await mergeSources([{ name: "rows", path: torn }], {
      directory: folder,
      validation: 0,
      seed: 1,
      badRows: "skip",
    }).catch((error) => error);
    assert(error instanceof DataError && error.message.includes("it is cut short"), "a torn array is never skipped");
  });
});

Deno.test("bytes that are not UTF-8 cost their own row only", async () => {
  await withFolder(async (folder) => {
    const text = new TextEncoder().encode(
      jsonLines([{ instruction: "一", output: "二" }, { instruction: "#", output: "四" }]),
    );
    const path = write(folder, "rows.json", text.map((byte) => byte === 0x23 ? 0xff : byte));
    const report = await mergeSources([{ name: "rows", path }], {
      directory: folder,
      validation: 0,
      seed: 1,
      badRows: "skip",
    });
    assertEquals(report.total.dropped, { ...noCounts().dropped, "bad row": 1 });
    assertEquals(report.train, 1);
  });
});
