// The schemas of all formats of rows (alpaca.ts, belle.ts, guanaco.ts, chat_schemas.ts) by way of read_row.ts.
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { detectFormat } from "../../datasets/formats/detect.ts";
import { flatten } from "../../datasets/example.ts";
import { DataError } from "../../datasets/errors.ts";
import type { FormatName } from "../../datasets/formats/formats.ts";
import { isReservedAnswer } from "../../datasets/formats/guanaco.ts";
import { readRow } from "../../datasets/formats/read_row.ts";

const place = { file: "rows.json", line: 7 };

function examples(format: FormatName, row: unknown) {
  return readRow(row, { format, detected: false }, place);
}

function complaint(format: FormatName, row: unknown): string {
  return assertThrows(() => examples(format, row), DataError).message;
}

function detect(...rows: unknown[]): FormatName {
  return detectFormat(rows.map((value, index) => ({ value, line: index + 1 })));
}

Deno.test("alpaca rows may lack input, and null counts as none", () => {
  const wanted = [{ instruction: "a", input: "", output: "b" }];
  assertEquals(examples("alpaca", { instruction: "a", input: "", output: "b" }), wanted);
  assertEquals(examples("alpaca", { instruction: "a", input: null, output: "b", extra: 1 }), wanted);
  assertEquals(examples("alpaca", { instruction: "a", output: "b" }), wanted);
});

Deno.test("a row with wrong or missing fields is refused with file, line, field, wanted and found", () => {
  assertEquals(
    complaint("alpaca", { instruction: "a", input: "", output: 3 }),
    'rows.json:7: field "output": wanted a string, found a number (3)',
  );
  assertEquals(
    complaint("alpaca", { instruction: null, output: "b" }),
    'rows.json:7: field "instruction": wanted a string, found null',
  );
  assertEquals(
    complaint("guanaco", { instruction: "a", input: ["q"], output: "b" }),
    'rows.json:7: field "input": wanted a string, found an array of 1',
  );
  assertEquals(
    complaint("alpaca", { instruction: "a", answer: "b" }),
    'rows.json:7: field "output" is missing: wanted a string, found an object with instruction, answer',
  );
  assertEquals(complaint("belle", "text"), 'rows.json:7: row: wanted an object, found a string ("text")');
});

Deno.test("fields inherited from Object.prototype or set through __proto__ are not a row's fields", () => {
  const row = JSON.parse('{"__proto__": {"instruction": "a", "output": "b"}}');
  assertStringIncludes(complaint("alpaca", row), 'field "instruction" is missing');
  assertStringIncludes(
    complaint("belle", {}),
    'field "instruction" is missing: wanted a string, found an empty object',
  );
});

Deno.test("BELLE's early rows have the instruction in input and the answer in target", () => {
  assertEquals(examples("belle", { input: "问", target: "答" }), [{ instruction: "问", input: "", output: "答" }]);
  assertStringIncludes(complaint("belle", { input: 1, target: "答" }), 'field "input": wanted a string');
});

Deno.test("a BELLE conversation of one question is an instruction and its answer", () => {
  const conversations = [{ from: "human", value: "问" }, { from: "assistant", value: "答" }];
  assertEquals(examples("belle", { id: "1", conversations }), [{ instruction: "问", input: "", output: "答" }]);
});

Deno.test("a longer BELLE conversation has a history, and multiturn_chat's text of it gives the same", () => {
  const turns = ["一", "二", "三", "四", "五"].map((value, index) => ({
    from: index % 2 === 0 ? "human" : "assistant",
    value,
  }));
  const wanted = [{ instruction: "三", input: "", output: "四", history: [["一", "二"]] }];
  assertEquals(examples("belle", { conversations: turns.slice(0, 4) }), wanted as unknown);
  assertEquals(examples("belle", { conversations: turns }), wanted as unknown, "the last question has no answer");
  const instruction = "Human:一\nAssistant:二\nHuman:三\nAssistant:";
  assertEquals(examples("belle", { instruction, input: "", output: "四" }), wanted as unknown);
  assertEquals(flatten(examples("belle", { instruction, input: "", output: "四" })[0]!), { instruction, input: "" });
});

Deno.test("BELLE's text that is not quite a conversation stays as it is", () => {
  for (const instruction of ["Human:一\nHuman:三\nAssistant:", "Human:一", "Human:一\nAssistant:二\nAssistant:"]) {
    const row = { instruction, input: "", output: "四" };
    assertEquals(flatten(examples("belle", row)[0]!), { instruction, input: "" });
  }
});

Deno.test("a BELLE conversation without an answer has no output", () => {
  assertEquals(examples("belle", { conversations: [] }), [{ instruction: "", input: "", output: "" }]);
  assertEquals(examples("belle", { conversations: [{ from: "human", value: "问" }] })[0]!.output, "");
});

Deno.test("a faulty turn of a BELLE conversation is named by its path", () => {
  const turn = (fields: unknown) => complaint("belle", { conversations: [{ from: "human", value: "问" }, fields] });
  assertStringIncludes(
    turn({ from: "bot", value: "" }),
    'field "conversations[1].from": wanted "human" or "user" or "gpt"',
  );
  assertStringIncludes(turn({ from: "assistant" }), 'field "conversations[1].value" is missing');
  assertStringIncludes(turn("答"), 'field "conversations[1]": wanted an object, found a string ("答")');
  assertStringIncludes(complaint("belle", { conversations: "x" }), 'field "conversations": wanted an array');
});

Deno.test("each instance of a BELLE seed task is an example", () => {
  const instances = [{ input: "一", output: "1" }, { input: "", output: "2" }];
  assertEquals(examples("belle", { id: "s", instruction: "做", instances }), [
    { instruction: "做", input: "一", output: "1" },
    { instruction: "做", input: "", output: "2" },
  ]);
  assertStringIncludes(
    complaint("belle", { instruction: "做", instances: [{ input: "" }] }),
    'field "instances[0].output" is missing',
  );
});

Deno.test("Guanaco's history, knowledge and question are told apart, and put together give the same text", () => {
  const rows = [
    [{ instruction: "User: a\nAssistant: b", input: "System: k\nUser: c", output: "d" }, {
      instruction: "c",
      input: "",
      output: "d",
      system: "k",
      history: [["a", "b"]],
      layout: "guanaco",
    }],
    [{ instruction: "", input: "User: 你好\n吗", output: "d" }, {
      instruction: "你好\n吗",
      input: "",
      output: "d",
      layout: "guanaco",
    }],
  ] as const;
  for (const [row, wanted] of rows) {
    const [example] = examples("guanaco", row);
    assertEquals(example as unknown, wanted as unknown);
    assertEquals(flatten(example!), { instruction: row.instruction, input: row.input });
  }
});

Deno.test("Guanaco rows of another form stay as they are", () => {
  const rows = [
    { instruction: "translate", input: "hello", output: "你好" },
    { instruction: "translate", input: "User: hello", output: "你好" },
    { instruction: "User: a\nUser: b\nAssistant: c", input: "User: hello", output: "你好" },
    { instruction: "User: a\nAssistant: b", input: "what?", output: "d" },
  ];
  for (const row of rows) assertEquals(examples("guanaco", row), [row]);
});

Deno.test("ShareGPT's and OpenAI's rows become a system text, a history and the last answered question", () => {
  const joined = { instruction: "c\nd", input: "", output: "e", system: "s", history: [["a", "b"]] };
  const says = (names: [string, string][]) => names.map(([role, text]) => ({ role, text }));
  const turns = says([["system", "s"], ["user", "a"], ["assistant", "b"], ["user", "c"], ["user", "d"], [
    "assistant",
    "e",
  ], ["user", "f"]]);
  const before = turns.slice(0, 5).map(({ role, text }) => ({ role, text }));
  const wanted = { ...joined, turns: before }; // two questions in a row
  const names: Record<string, string> = { system: "system", user: "human", assistant: "gpt" };
  const conversations = turns.map(({ role, text }) => ({ from: names[role], value: text }));
  assertEquals(examples("sharegpt", { conversations })[0] as unknown, wanted as unknown);
  assertEquals(
    examples("sharegpt", { system: "s", conversations: conversations.slice(1) })[0] as unknown,
    wanted as unknown,
  );
  const messages = turns.map(({ role, text }) => ({ role, content: text }));
  assertEquals(examples("messages", { messages })[0] as unknown, wanted as unknown);
  assertStringIncludes(
    complaint("messages", { messages: [{ role: "tool", content: "x" }] }),
    'field "messages[0].role": wanted "human" or "user" or "gpt"',
  );
  assertStringIncludes(
    complaint("messages", { messages: [{ role: "user", content: [] }] }),
    'field "messages[0].content": wanted a string, found an empty array',
  );
});

Deno.test("what the assistant says before any question is left out, and what it says twice is joined", () => {
  const turn = (from: string, value: string) => ({ from, value });
  const conversations = [turn("gpt", "hi"), turn("human", "a"), turn("gpt", "b"), turn("gpt", "c")];
  assertEquals(examples("sharegpt", { conversations }), [{ instruction: "a", input: "", output: "b\nc" }]);
  assertEquals(examples("sharegpt", { conversations: [turn("system", "s")] })[0]!.output, "");
});

Deno.test("Chinese-Vicuna's chat rows pair questions and answers, and refuse lists of different length", () => {
  assertEquals(
    examples("chat", { input: ["a", "c"], output: ["b", "d"] })[0] as unknown,
    { instruction: "c", input: "", output: "d", history: [["a", "b"]] } as unknown,
  );
  assertStringIncludes(complaint("chat", { input: ["a"], output: [] }), "wanted lists of equal length, found 1 and 0");
  assertStringIncludes(complaint("chat", { input: ["a"], output: [1] }), 'field "output[0]": wanted a string');
});

Deno.test("alpaca rows may have a system text and a history", () => {
  const row = { instruction: "c", input: "", output: "d", system: "s", history: [["a", "b"]] };
  assertEquals(examples("alpaca", row)[0] as unknown, row as unknown);
  assertEquals(flatten(examples("alpaca", row)[0]!).instruction, "s\nHuman:a\nAssistant:b\nHuman:c\nAssistant:");
  assertStringIncludes(
    complaint("alpaca", { ...row, history: [["a"]] }),
    'field "history[0]": wanted [question, answer]',
  );
});

Deno.test("isReservedAnswer() knows Guanaco's reserved answers and nothing longer", () => {
  assertEquals(["NO IDEA", "FORBIDDEN", " sfw.\n"].map(isReservedAnswer), [true, true, true]);
  assertEquals(["No idea why.", "It is forbidden", "", "SFWX"].map(isReservedAnswer), [false, false, false, false]);
});

Deno.test("detectFormat() tells formats by the fields and turn marks that only one of them has", () => {
  assertEquals(detect({ instruction: "a", input: "", output: "b" }), "alpaca");
  assertEquals(detect({ input: "a", target: "b" }), "belle");
  assertEquals(detect({ conversations: [{ from: "human", value: "a" }, { from: "assistant", value: "b" }] }), "belle");
  assertEquals(detect({ conversations: [{ from: "human", value: "a" }, { from: "gpt", value: "b" }] }), "sharegpt");
  assertEquals(detect({ messages: [] }), "messages");
  assertEquals(detect({ input: ["a"], output: ["b"] }), "chat");
  assertEquals(detect({ instruction: "a", instances: [] }), "belle");
  assertEquals(detect({ instruction: "Human:你好\nAssistant:", input: "", output: "b" }), "belle");
  assertEquals(detect({ instruction: "", input: "User: 你好", output: "b" }), "guanaco");
});
