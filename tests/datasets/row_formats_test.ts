// Which format a row and a file have. Looked at: the fields of every schema (alpaca, belle, guanaco, chat_schemas, lccc),
// detect.ts, read_row.ts, context.ts, columns.ts; other readers of rows, which have one form each and read `system` and
// `history` themselves (read_examples.ts, evaluation/answer_items.ts); the splitters (json_lines.ts, json_array.ts,
// pieces.ts) for rows that are lists; and the sources of a pipeline (sources.ts, several_files.ts, hugging_face.ts,
// merge.ts).
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { formatColumns, parseColumns } from "../../datasets/formats/columns.ts";
import { detectFormat } from "../../datasets/formats/detect.ts";
import { DataError } from "../../datasets/errors.ts";
import type { Example } from "../../datasets/example.ts";
import { FORMAT_NAMES } from "../../datasets/formats/formats.ts";
import { joinWords } from "../../datasets/formats/lccc.ts";
import { mergeSources } from "../../datasets/merging/merge.ts";
import { readRow } from "../../datasets/formats/read_row.ts";
import { jsonLines, readJsonLines, withFolder, write } from "./testing.ts";

const place = { file: "rows.json", line: 1 };

function detect(...rows: unknown[]) {
  return detectFormat(rows.map((value, index) => ({ value, line: index + 1 })));
}

/** What a merge of a file makes of its rows, in their order, and the format that it names. */
async function merged(content: string | unknown[], columns = {}) {
  let result: { format: string; examples: unknown[]; dropped: Record<string, number> } | undefined;
  await withFolder(async (folder) => {
    const path = write(folder, "rows.json", typeof content === "string" ? content : jsonLines(content));
    const report = await mergeSources([{ name: "rows", path, columns }], { directory: folder, validation: 0, seed: 1 });
    const rows = readJsonLines<Example>(join(folder, "train.jsonl"));
    result = {
      format: report.sources[0]!.format,
      examples: rows.map(({ source: _, ...rest }) => rest).toSorted((a, b) => a.output < b.output ? -1 : 1),
      dropped: report.total.dropped,
    };
  });
  return result!;
}

const turn = (from: string, value: string) => ({ from, value });

Deno.test("an empty list of turns decides nothing: its row counts as empty and the others are read", async () => {
  const { format, examples, dropped } = await merged([
    { id: "a", conversations: [] },
    { id: "b", conversations: [turn("human", "你好"), turn("gpt", "您好")] },
  ]);
  assertEquals([format, examples], ["sharegpt", [{ instruction: "你好", input: "", output: "您好" }]]);
  assertEquals(dropped["empty output"], 1);
});

Deno.test("a system turn in a later row makes a file of human and assistant ShareGPT's, and all rows are read", async () => {
  const { format, examples } = await merged([
    { conversations: [turn("human", "猫"), turn("assistant", "cat")] },
    { conversations: [turn("system", "只用拼音"), turn("human", "狗"), turn("assistant", "gou")] },
  ]);
  assertEquals(format, "sharegpt");
  assertEquals(examples, [
    { instruction: "猫", input: "", output: "cat" },
    { instruction: "狗", input: "", output: "gou", system: "只用拼音" },
  ]);
});

Deno.test("an input or an instruction that begins like a turn takes no history or system text from any row", async () => {
  const asked = { instruction: "再见", input: "", output: "bye", system: "翻译成英文", history: [["你好", "hello"]] };
  const unusual = [
    { instruction: "总结对话", input: "User: 你好\nAssistant: 您好", output: "问候" },
    { instruction: "Human: 请把这句话写完", input: "", output: "好的" },
  ];
  for (const row of unusual) {
    const { format, examples } = await merged([row, asked]);
    assertEquals([format, examples], ["alpaca", [asked, row]]);
  }
});

Deno.test("every format reads the columns system and history", () => {
  const rows = [
    { instruction: "c", output: "d" },
    { input: "c", target: "d" },
    { instruction: "c", instances: [{ input: "", output: "d" }] },
    { instruction: "", input: "User: c", output: "d" },
    { conversations: [turn("human", "c"), turn("gpt", "d")] },
    { messages: [{ role: "user", content: "c" }, { role: "assistant", content: "d" }] },
    { input: ["c"], output: ["d"] },
    { dialog: ["c", "d"] },
  ];
  for (const row of rows) {
    for (const history of [[["a", "b"]], [turn("human", "a"), turn("gpt", "b")]]) {
      const [example] = readRow({ ...row, system: "s", history }, { format: "alpaca", detected: true }, place);
      const { layout: _, ...wanted } = example!;
      assertEquals(
        wanted,
        { instruction: "c", input: "", output: "d", system: "s", history: [["a", "b"]] },
        JSON.stringify(row),
      );
    }
    assertEquals(
      readRow({ ...row, system: null, history: null }, { format: "alpaca", detected: true }, place)[0]!.history,
      undefined,
    );
  }
});

Deno.test("turns are read as from and value or as role and content, in either list", () => {
  const wanted = [{ instruction: "猫", input: "", output: "cat", system: "s" }];
  for (const list of ["messages", "conversations"]) {
    for (const [who, what] of [["from", "value"], ["role", "content"]] as const) {
      const says = (role: string, text: string) => ({ [who]: role, [what]: text });
      const row = { [list]: [says("system", "s"), says("user", "猫"), says("assistant", "cat")] };
      assertEquals(readRow(row, { format: "alpaca", detected: true }, place), wanted);
    }
  }
});

Deno.test("each row of a file with two formats is read by its own, and the file is named by most of them", async () => {
  const { format, examples } = await merged([
    { instruction: "猫", input: "", output: "cat" },
    { conversations: [turn("human", "狗"), turn("gpt", "dog")] },
    { messages: null, instruction: "马", input: null, output: "horse", conversations: null },
  ]);
  assertEquals(format, "alpaca");
  assertEquals((examples as Example[]).map(({ instruction, output }) => instruction + output), [
    "猫cat",
    "狗dog",
    "马horse",
  ]);
});

Deno.test("a row of no known format is refused with what its file was taken for and what overrules that", () => {
  const message = (row: unknown) =>
    assertThrows(() => readRow(row, { format: "alpaca", detected: true }, place), DataError).message;
  assertEquals(
    message({ question: "a", answer: "b" }),
    "rows.json:1: wanted a row with {instruction, input, output}, {input, target}, {instruction, instances}, " +
      "{conversations}, {messages}, {input: [], output: []} or a list of turns, found an object with question, answer. By " +
      "its first rows the file was read as alpaca; FORMAT: in front of the path overrules that, and --columns names " +
      "columns: --columns instruction=prompt,output=response",
  );
  assertEquals(
    message({ train: [{ instruction: "a", output: "b" }], valid: [] }),
    'rows.json:1: wanted a row, found an object whose field "train" is a list of rows; wanted that list alone, or a row a line',
  );
  for (const row of ["text", 3, null, [1, "a"]]) assertStringIncludes(message(row), "wanted a row with");
});

Deno.test("null in a history is refused by the name of its field", () => {
  const row = { instruction: "猫", input: "", output: "cat", history: [["狗", null]] };
  const error = assertThrows(() => readRow(row, { format: "alpaca", detected: true }, place), DataError);
  assertEquals(error.message, 'rows.json:1: field "history[0][1]": wanted a string, found null');
});

Deno.test("a row that holds nothing, or is unusual, does not decide; of equally many formats the first does", () => {
  const alpaca = { instruction: "a", output: "b" };
  assertEquals(detect({ instruction: "Human:a\nAssistant:", output: "b" }, alpaca, alpaca), "alpaca");
  assertEquals(detect({ instruction: "", input: "User: a", output: "b" }, alpaca), "guanaco");
  assertEquals(detect({ messages: [] }, { conversations: null }, alpaca), "alpaca");
  assertEquals(detect({ messages: [] }), "messages");
  assertEquals(detect({ instances: [] }), "belle");
  assertEquals(detect("text", null), "alpaca");
});

Deno.test("LCCC's dialogues are lists of turns whose words are joined, in an array, in lines or under dialog", async () => {
  const wanted = [
    { instruction: "去哪吃？", input: "", output: "火锅吧" },
    { instruction: "iPhone 6 plus好吗", input: "", output: "还行,ok", history: [["在吗", "在"]] },
  ];
  const dialogues = [["去 哪 吃 ？", "火锅 吧", "好 的"], ["在 吗", "在", "iPhone 6 plus 好 吗", "还行 , ok"]];
  const forms = [
    JSON.stringify(dialogues),
    JSON.stringify(dialogues, null, 2),
    jsonLines(dialogues),
    jsonLines(dialogues.map((dialog) => ({ dialog }))),
  ];
  for (const form of forms) {
    assertEquals(await merged(form), { ...(await merged(form)), format: "lccc", examples: wanted });
  }
});

Deno.test("joinWords() keeps a space between Latin words and numbers only", () => {
  assertEquals(joinWords("我 有 2 个 MacBook Pro ， 都 是 2019 年 的"), "我有2个MacBook Pro，都是2019年的");
  assertEquals(joinWords(" hello , world ! 你 好 "), "hello, world!你好");
});

Deno.test("columns of any name stand for fields, and messages show them", async () => {
  const columns = parseColumns(["instruction=prompt, output=response", "history=past"]);
  assertEquals(columns, { instruction: "prompt", output: "response", history: "past" });
  assertEquals(formatColumns(columns), "instruction=prompt,output=response,history=past");
  const { examples } = await merged([
    { prompt: "猫", response: "cat", instruction: "not this", past: [["a", "b"]] },
    { instruction: "狗", output: "dog" },
  ], columns);
  assertEquals(examples, [
    { instruction: "猫", input: "", output: "cat", history: [["a", "b"]] },
    { instruction: "狗", input: "", output: "dog" },
  ]);
  const error = assertThrows(() => {
    readRow({ prompt: 1, response: "b" }, {
      format: "alpaca",
      detected: false,
      columns: { instruction: "prompt", output: "response" },
    }, place);
  }, DataError);
  assertStringIncludes(
    error.message,
    'field "instruction": wanted a string, found a number (1) (columns: instruction=prompt',
  );
});

Deno.test("parseColumns() refuses an unknown field, a missing name and a field twice", () => {
  const message = (text: string) => assertThrows(() => parseColumns([text]), DataError).message;
  assertStringIncludes(message("instructions=prompt"), 'found "instructions=prompt". Did you mean instruction?');
  assertStringIncludes(message("prompt"), "wanted FIELD=COLUMN");
  assertStringIncludes(message("output="), "wanted FIELD=COLUMN");
  assertStringIncludes(message("output=a,output=b"), "wanted output once");
});

Deno.test("every format reads a row of its own when it is declared", () => {
  const rows: Record<string, unknown> = {
    alpaca: { instruction: "a", output: "b" },
    belle: { input: "a", target: "b" },
    guanaco: { instruction: "", input: "User: a", output: "b" },
    sharegpt: { conversations: [turn("human", "a"), turn("gpt", "b")] },
    messages: { messages: [{ role: "user", content: "a" }, { role: "assistant", content: "b" }] },
    chat: { input: ["a"], output: ["b"] },
    lccc: ["a", "b"],
  };
  for (const format of FORMAT_NAMES) {
    const [example] = readRow(rows[format], { format, detected: false }, place);
    assertEquals([example!.instruction, example!.output], ["a", "b"], format);
  }
});
