import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { foldClass, readBelleQuestions } from "../../../datasets/evaluation/belle_questions.ts";
import { judgeMessage, judgePrompt, readJudgePrompts, scoreIn } from "../../../datasets/evaluation/judge_prompts.ts";
import { DataError } from "../../../datasets/errors.ts";

async function withFile<T>(text: string, read: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, text);
    return await read(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("foldClass() takes away case and the no-break spaces of BELLE's files", () => {
  assertEquals(["closed\u00a0QA", "closed qa", " Closed\u00a0\u00a0qa"].map(foldClass), Array(3).fill("closed qa"));
});

Deno.test("every class of BELLE's set has a prompt of its own, an unknown one the general one, the user's wins", async () => {
  const classes = ["open qa", "brainstorming", "rewrite", "generation", "math", "classification", "closed\u00a0qa"];
  const prompts = [...classes, "summarization", "code", "extract"].map((name) => judgePrompt(name));
  assertEquals(new Set([...prompts, judgePrompt("poetry")]).size, 11);
  for (const prompt of prompts) assertStringIncludes(prompt, "得分:");
  const own = await withFile(
    '{"class": "Closed\u00a0QA", "prompt": "甲"}\n{"class": "math", "prompt": "乙"}\n',
    (path) => readJudgePrompts(path),
  );
  assertEquals([judgePrompt("closed qa", own), judgePrompt("code", own)], ["甲", judgePrompt("code")]);
  await assertRejects(() => withFile('{"class": "math"}\n', readJudgePrompts), DataError, 'field "prompt"');
});

Deno.test("readBelleQuestions() reads JSON Lines whatever the suffix, and a missing standard answer as none", async () => {
  const text = '{"question": "甲？", "std_answer": "", "class": "math"}\n{"question": "乙？", "class": "code"}\n';
  const questions = await withFile(text, readBelleQuestions);
  assertEquals(questions.map(({ question, stdAnswer }) => [question, stdAnswer]), [["甲？", ""], ["乙？", ""]]);
  const message = judgeMessage("评分。", { question: "甲？", std_answer: "", answer: "不" });
  assert(message.startsWith("评分。") && !message.includes("参考答案"), message);
  assertStringIncludes(judgeMessage("", { question: "甲？", std_answer: "是", answer: "不" }), "【参考答案】\n是");
});

Deno.test("scoreIn() finds the last score behind 得分, as judges write it", () => {
  for (
    const [reply, score] of [
      ["得分:0.8", 0.8],
      ["理由……\n得分：1", 1],
      ["**得分：** 0.5分", 0.5],
      ["得分：０．７", 0.7],
      ["得分: 0.2 不对，应为\n得分: 0.9", 0.9],
      ["得分:1/1", 1],
      ["得分: 80%", 0.8],
      ["得分:85", undefined],
      ["很好", undefined],
      ["得分：很高", undefined],
    ] as const
  ) assertEquals(scoreIn(reply), score, reply);
});
