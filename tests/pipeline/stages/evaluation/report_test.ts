import { assertEquals, assertMatch } from "@std/assert";
import { markdown } from "../../../../pipeline/stages/evaluation/document.ts";
import { compare } from "../../../../pipeline/stages/evaluation/statistics.ts";
import { metricBlocks, reportBlocks, type ReportSource } from "../../../../pipeline/stages/evaluation/report.ts";

const split = { rows: 1, tokens: 9, labelledTokens: 4, longest: 9, truncated: 0, dropped: 0, tooLong: 0 };
const figures = (eval_loss: number) => ({
  eval_loss,
  eval_loss_stderr: 0.5,
  perplexity: Math.exp(eval_loss),
  perplexity_stderr: null,
  bits_per_byte: eval_loss / 2,
  bits_per_byte_stderr: 0.125,
});
const source: ReportSource = {
  results: {
    before: figures(4),
    after: figures(3),
    difference: { eval_loss: -1, eval_loss_stderr: 0.25, bits_per_byte: -0.5, bits_per_byte_stderr: null },
    samples: [{ instruction: "问", input: "", expected: "答", before: "", after: "a\n```\n# <b>x</b>" }],
    sample_metrics: [],
    tasks: [],
  },
  tasks: [],
  base: { name: "m", bits: 8, parameters: 1000 },
  adapter: { steps: 2, parameters: 10 },
  tokens: {
    train: split,
    validation: split,
    maxTokens: 9,
    vocabSize: 9,
    template: "alpaca",
    trainOn: "answers",
    longRows: "cut",
  },
  hasLossCurve: true,
};

Deno.test("the report shows figures and answers, and no text of a model can break out of its block", () => {
  const text = markdown(reportBlocks(source));
  assertMatch(text, /4\.0000 ± 0\.5000 \| 3\.0000 ± 0\.5000 \(-25\.0 %\) \| -1\.0000 ± 0\.2500 \|/);
  assertMatch(text, /^> \\`\\`\\` {2}$/m);
  assertMatch(text, /^> \\# \\<b\\>x/m);
  assertMatch(text, /^!\[training loss 训练损失\]\(loss_curve\.svg\)$/m);
  assertMatch(text, /\.\/vicuna chat --base-model BASE --lora-path FOLDER[^]*BASE is the folder of m\. FOLDER is/);
});

Deno.test("the report's command names a base of the hub by its name, and leaves out the one that comes with the project", () => {
  const command = (name: string, adapter?: ReportSource["adapter"]) =>
    /^> (.*?) *$/m.exec(markdown(reportBlocks({ ...source, base: { ...source.base, name }, adapter }).slice(-3)))?.[1];
  assertEquals(command("yahma/llama", { steps: 1 }), "./vicuna chat --base-model yahma/llama --lora-path FOLDER");
  assertEquals(command("vicuna-tiny", { steps: 1 }), "./vicuna chat --lora-path FOLDER");
  assertEquals(command("m"), "./vicuna chat --base-model BASE");
});

Deno.test("the report of a base alone has no second column, and shows no curve that is not there", () => {
  const { results: { before, samples }, base } = source;
  const alone = reportBlocks({
    results: {
      ...(before ? { before } : {}),
      samples: samples.map(({ after: _, ...rest }) => rest),
      sample_metrics: [],
      tasks: [],
    },
    tasks: [],
    base,
    hasLossCurve: false,
  });
  const text = markdown(alone);
  assertMatch(text, /^\| eval\\_loss 验证损失 \| 4\.0000 ± 0\.5000 \|$/m);
  assertEquals(/after 训练后|loss_curve|Adapter/.test(text), false, text);
});

Deno.test("the report shows short answers in a table, two of each kind, and long ones in full", () => {
  const item = (group: string, answer: string) => ({
    group,
    document: {},
    question: "1|1",
    target: "2",
    prompt: "",
    before: { response: answer, scores: { exact_match: 0 } },
    after: { response: "2", scores: { exact_match: 1 } },
  });
  const shown = (answers: string[]) => {
    const items = answers.map((answer, i) => item(i < 3 ? "a" : "b", answer));
    const result = { name: "t", type: "answers" as const, count: items.length, facts: {}, metrics: [] };
    return markdown(reportBlocks({ ...source, tasks: [{ result, items }] }));
  };
  const table = shown(["3", "4", "5", "6"]);
  assertMatch(table, /^\| 1\\\|1 \| 2 \| 3 ✗ \| 2 ✓ \|$/m);
  assertEquals(table.match(/ ✗ /g)?.length, 3);
  assertMatch(shown(["3", "4", "5", "long\nanswer"]), /^### 3 · b\n[\s\S]*^> long {2}\n> answer/m);
});

Deno.test("kinds of the project's own questions are named in both languages, others as they are", () => {
  const groups = ["sum", "字谜"].map((name) => ({ name, count: 2, ...compare([1, 0], [1, 1]) }));
  const blocks = metricBlocks({ name: "t" }, { metric: "exact_match", count: 4, ...compare([1, 0], [1, 1]), groups });
  const text = markdown(blocks);
  assertMatch(text, /^\| sum 求和 \| 2 \|/m);
  assertMatch(text, /^\| 字谜 \| 2 \|/m);
  const [, figure] = blocks;
  assertMatch(figure?.type === "figure" ? figure.svg ?? "" : "", /求和/);
});
