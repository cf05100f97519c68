import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { detectFormat } from "../../datasets/detect.ts";
import { DataError } from "../../datasets/errors.ts";
import { type FormatName, SCHEMAS } from "../../datasets/formats.ts";
import { isReservedAnswer } from "../../datasets/guanaco.ts";

const place = { file: "rows.json", line: 7 };

function examples(format: FormatName, row: unknown) {
  return SCHEMAS[format].examples(row, place);
}

function complaint(format: FormatName, row: unknown): string {
  return assertThrows(() => examples(format, row), DataError).message;
}

function detect(...rows: unknown[]): FormatName {
  return detectFormat("rows.json", rows.map((value, index) => ({ value, line: index + 1 })));
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

Deno.test("a longer BELLE conversation becomes history and last answer, as multiturn_chat writes it", () => {
  const turns = ["一", "二", "三", "四", "五"].map((value, index) => ({
    from: index % 2 === 0 ? "human" : "assistant",
    value,
  }));
  const wanted = [{ instruction: "Human:一\nAssistant:二\nHuman:三\nAssistant:", input: "", output: "四" }];
  assertEquals(examples("belle", { conversations: turns.slice(0, 4) }), wanted);
  assertEquals(examples("belle", { conversations: turns }), wanted, "the unanswered last question is left out");
});

Deno.test("a BELLE conversation without an answer has no output", () => {
  assertEquals(examples("belle", { conversations: [] }), [{ instruction: "", input: "", output: "" }]);
  assertEquals(examples("belle", { conversations: [{ from: "human", value: "问" }] })[0]!.output, "");
});

Deno.test("a faulty turn of a BELLE conversation is named by its path", () => {
  const turn = (fields: unknown) => complaint("belle", { conversations: [{ from: "human", value: "问" }, fields] });
  assertStringIncludes(
    turn({ from: "bot", value: "" }),
    'field "conversations[1].from": wanted "human" or "assistant"',
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

Deno.test("Guanaco rows keep history and question where they are", () => {
  const row = { instruction: "User: a\nAssistant: b", input: "System: k\nUser: c", output: "d" };
  assertEquals(examples("guanaco", row), [row]);
});

Deno.test("isReservedAnswer() knows Guanaco's reserved answers and nothing longer", () => {
  assertEquals(["NO IDEA", "FORBIDDEN", " sfw.\n"].map(isReservedAnswer), [true, true, true]);
  assertEquals(["No idea why.", "It is forbidden", "", "SFWX"].map(isReservedAnswer), [false, false, false, false]);
});

Deno.test("detectFormat() tells formats by the fields and turn marks that only one of them has", () => {
  assertEquals(detect({ instruction: "a", input: "", output: "b" }), "alpaca");
  assertEquals(detect({ input: "a", target: "b" }), "belle");
  assertEquals(detect({ conversations: [] }), "belle");
  assertEquals(detect({ instruction: "a", instances: [] }), "belle");
  assertEquals(detect({ instruction: "Human:你好\nAssistant:", input: "", output: "b" }), "belle");
  assertEquals(detect({ instruction: "", input: "User: 你好", output: "b" }), "guanaco");
  assertEquals(
    detect({ instruction: "a", output: "b" }, { instruction: "User: a\nAssistant: b", output: "c" }),
    "guanaco",
  );
});

Deno.test("detectFormat() names the accepted fields when the first rows fit no format", () => {
  const error = assertThrows(() => detect({ question: "a", answer: "b" }), DataError);
  assertEquals(
    error.message,
    "rows.json:1: wanted a row with {instruction, input, output}, {input, target}, {instruction, instances} or " +
      "{conversations}, found an object with question, answer",
  );
});
