import { assertEquals, assertRejects } from "@std/assert";
import { choicePrompt, readChoiceItems, subjectOf } from "../../../datasets/evaluation/choice_items.ts";
import { DataError } from "../../../datasets/errors.ts";

async function read(format: "ceval" | "cmmlu", csv: string) {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(path, csv);
    return await readChoiceItems(format, path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("readChoiceItems() reads C-Eval's columns, quoted commas, newlines and quotation marks, and a byte order mark", async () => {
  const items = await read(
    "ceval",
    "\ufeffid,question,A,B,C,D,answer,explanation\r\n" +
      '0,"下列属于""资产""的是____。\n选一个",现金,"1,000",负债,利润,A,因为\r\n' +
      '1,他说"好"吗？,是,否,不,也许,D,\r\n',
  );
  assertEquals(items, [
    {
      question: '下列属于"资产"的是____。\n选一个',
      choices: { A: "现金", B: "1,000", C: "负债", D: "利润" },
      answer: "A",
    },
    { question: '他说"好"吗？', choices: { A: "是", B: "否", C: "不", D: "也许" }, answer: "D" },
  ]);
});

Deno.test("readChoiceItems() reads CMMLU's columns behind a nameless one", async () => {
  const [item] = await read("cmmlu", ",Question,A,B,C,D,Answer\n0,肉牛屠宰后,甲,乙,丙,丁,C\n");
  assertEquals(item, { question: "肉牛屠宰后", choices: { A: "甲", B: "乙", C: "丙", D: "丁" }, answer: "C" });
});

Deno.test("readChoiceItems() names a missing column, and a record whose answer is no letter", async () => {
  await assertRejects(() => read("ceval", "id,question,A,B,C,answer\n0,x,1,2,3,A\n"), DataError, "wanted columns D");
  await assertRejects(
    () => read("ceval", "id,question,A,B,C,D,answer\n0,x,1,2,3,4,A\n1,x,1,2,3,4,\n"),
    DataError,
    "record 2, column answer: wanted A, B, C or D",
  );
  await assertRejects(() => read("cmmlu", "id,question,A,B,C,D,answer\n"), DataError, "Question");
});

Deno.test("subjectOf() knows the files of both sets by split", () => {
  assertEquals(subjectOf("ceval", "val", "val/law_val.csv"), "law");
  assertEquals(subjectOf("ceval", "dev", "val/law_val.csv"), undefined);
  assertEquals(subjectOf("ceval", "val", "val/old/law_val.csv"), undefined);
  assertEquals(subjectOf("cmmlu", "test", "test/arts.csv"), "arts");
  assertEquals(subjectOf("cmmlu", "test", "README.md"), undefined);
});

Deno.test("choicePrompt() writes the prompts of lm-evaluation-harness, with examples and without", () => {
  const choices = { A: "甲", B: "乙", C: "丙", D: "丁" };
  const item = { question: "问", choices, answer: "B" } as const;
  assertEquals(
    choicePrompt("ceval", "law", [item], item),
    "以下是中国关于法学的单项选择题，请选出其中的正确答案。\n\n" +
      "问\nA. 甲\nB. 乙\nC. 丙\nD. 丁\n答案： B\n\n" +
      "问\nA. 甲\nB. 乙\nC. 丙\nD. 丁\n答案：",
  );
  assertEquals(
    choicePrompt("cmmlu", "no_such_subject", [], item),
    "以下是关于no_such_subject的单项选择题，请直接给出正确答案的选项。\n\n问\nA. 甲\nB. 乙\nC. 丙\nD. 丁\n答案：",
  );
});
