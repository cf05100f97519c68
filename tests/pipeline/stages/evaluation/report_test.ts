import { assertEquals, assertMatch } from "@std/assert";
import { markdown } from "../../../../pipeline/stages/evaluation/document.ts";
import { reportBlocks, type ReportSource } from "../../../../pipeline/stages/evaluation/report.ts";

const split = { rows: 1, tokens: 9, labelledTokens: 4, longest: 9, truncated: 0, dropped: 0, tooLong: 0 };
const source: ReportSource = {
  results: {
    before: { eval_loss: 4, perplexity: 54.6 },
    after: { eval_loss: 3, perplexity: 20.1 },
    samples: [{ instruction: "问", input: "", expected: "答", before: "", after: "a\n```\n# <b>x</b>" }],
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
  assertMatch(text, /4\.0000 \| 3\.0000 \(-25\.0 %\)/);
  assertMatch(text, /^> \\`\\`\\` {2}$/m);
  assertMatch(text, /^> \\# \\<b\\>x/m);
  assertMatch(text, /^!\[training loss 训练损失\]\(loss_curve\.svg\)$/m);
});

Deno.test("the report of a base alone has no second column, and shows no curve that is not there", () => {
  const { results: { before, samples }, base } = source;
  const alone = reportBlocks({
    results: { ...(before ? { before } : {}), samples: samples.map(({ after: _, ...rest }) => rest), tasks: [] },
    tasks: [],
    base,
    hasLossCurve: false,
  });
  const text = markdown(alone);
  assertMatch(text, /^\| eval\\_loss 验证损失 \| 4\.0000 \|$/m);
  assertEquals(/after|loss_curve|Adapter/.test(text), false, text);
});
