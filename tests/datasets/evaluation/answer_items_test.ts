import { assert, assertEquals, assertRejects } from "@std/assert";
import { type AnswerItem, isRight, readAnswerItems } from "../../../datasets/evaluation/answer_items.ts";
import { DataError } from "../../../datasets/errors.ts";

async function read(...rows: unknown[]): Promise<AnswerItem[]> {
  const path = await Deno.makeTempFile({ suffix: ".jsonl" });
  try {
    await Deno.writeTextFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return await readAnswerItems(path);
  } finally {
    await Deno.remove(path);
  }
}

const exact = { ignoreCase: false, ignorePunctuation: false };
const item = (rest: Partial<AnswerItem>): AnswerItem => ({
  question: { instruction: "问", input: "" },
  answers: [],
  kind: "",
  ...rest,
});

Deno.test("readAnswerItems() takes answer, answers, output or pattern, and the kind", async () => {
  const items = await read(
    { instruction: "1+1?", input: "", answer: "2", kind: "sums" },
    { instruction: "Say yes", answers: ["yes", "Yes"] },
    { instruction: "翻译", input: "苹果", output: "apple", kind: "words" },
    { instruction: "Count", pattern: "^\\d+$", kind: "numbers" },
    { instruction: "", input: "", history: [["a", "b"]], answer: "c" },
  );
  assertEquals(items.map(({ answers, pattern, kind }) => ({ answers, pattern, kind })), [
    { answers: ["2"], pattern: undefined, kind: "sums" },
    { answers: ["yes", "Yes"], pattern: undefined, kind: "" },
    { answers: ["apple"], pattern: undefined, kind: "words" },
    { answers: [], pattern: "^\\d+$", kind: "numbers" },
    { answers: ["c"], pattern: undefined, kind: "" },
  ]);
  assertEquals(items[2]?.question, { instruction: "翻译", input: "苹果" });
  assertEquals(items[4]?.question.history, [["a", "b"]]);
});

Deno.test("readAnswerItems() names file, line and field of a row that cannot be scored", async () => {
  const good = { instruction: "1+1?", answer: "2" };
  await assertRejects(() => read(good, { instruction: "x" }), DataError, ':2: wanted a field "answer"');
  await assertRejects(() => read(good, good, { instruction: "x", answers: [] }), DataError, ':3: field "answers"');
  await assertRejects(() => read({ instruction: "x", pattern: "(" }), DataError, ':1: field "pattern"');
  await assertRejects(() => read({ instruction: 3, answer: "2" }), DataError, 'field "instruction"');
});

Deno.test("isRight() compares whole texts, spaces around them apart", () => {
  const two = item({ answers: ["2", "二"] });
  assert(isRight(two, " 2\n", exact) && isRight(two, "二", exact));
  assert(!isRight(two, "12", exact) && !isRight(two, "2。", exact) && !isRight(two, "", exact));
});

Deno.test("isRight() leaves case and punctuation out where that is asked for, Chinese punctuation too", () => {
  const yes = item({ answers: ["Yes"] });
  assert(!isRight(yes, "yes", exact) && isRight(yes, "YES", { ...exact, ignoreCase: true }));
  assert(isRight(yes, "“Yes”。", { ...exact, ignorePunctuation: true }));
  assert(!isRight(yes, "Yes it is", { ignoreCase: true, ignorePunctuation: true }));
});

Deno.test("isRight() finds a pattern anywhere, and takes out what is to be compared where there are answers", () => {
  const digits = item({ pattern: "\\d+" });
  assert(isRight(digits, "about 7", exact) && !isRight(digits, "seven", exact));
  const extracted = item({ pattern: "等于(\\d+)", answers: ["7"] });
  assert(isRight(extracted, "3加4等于7。", exact));
  assert(!isRight(extracted, "3加4等于8。", exact) && !isRight(extracted, "7", exact));
});
