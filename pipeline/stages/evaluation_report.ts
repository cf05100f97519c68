import type { AdapterMeta, BaseMeta, TokensMeta } from "./kinds.ts";

/** Loss in nats a labelled token, and its exponential. */
export interface LossFigures {
  readonly eval_loss: number;
  readonly perplexity: number;
}

/** A held-out instruction with both answers. */
export interface AnsweredSample {
  readonly instruction: string;
  readonly input: string;
  readonly expected: string;
  readonly before: string;
  readonly after: string;
}

/** The contents of results.json. */
export interface EvaluationResults {
  readonly before: LossFigures;
  readonly after: LossFigures;
  readonly samples: readonly AnsweredSample[];
}

const LEARNT: Readonly<Record<TokensMeta["trainOn"], string>> = {
  answers: "the answers only 仅回答",
  last: "the last answer of each row only 仅每行最后的回答",
  all: "prompt and answer 指令与回答",
};

/** Text as a quoted block of Markdown, where no character of it can end the block. */
function quote(text: string): string {
  return (text || "(nothing 无)").split("\n").map((line) => `> ${line.replace(/([\\`*_<>#|[\]])/g, "\\$1")}  `).join(
    "\n",
  );
}

/** The report that a person reads: figures, then the answers side by side, English and Chinese. */
export function reportText(
  results: EvaluationResults,
  inputs: {
    base: { meta: Pick<BaseMeta, "name" | "bits" | "parameters"> };
    adapter: { meta: AdapterMeta };
    tokens: { meta: TokensMeta };
  },
): string {
  const { before, after, samples } = results;
  const { base: { meta: base }, adapter: { meta: adapter }, tokens: { meta: tokens } } = inputs;
  const known = [
    ...(adapter.parameters === undefined ? [] : [`${adapter.parameters.toLocaleString("en")} parameters`]),
    ...(adapter.steps === undefined ? [] : [`${adapter.steps} optimizer steps`]),
  ];
  const change = ((after.eval_loss / before.eval_loss - 1) * 100).toFixed(1);
  const rows = samples.map(({ instruction, input, expected, before, after }, i) =>
    `### ${i + 1}\n\n**Instruction 指令**\n\n${quote(instruction)}\n\n${
      input ? `**Input 输入**\n\n${quote(input)}\n\n` : ""
    }` +
    `**Expected 参考答案**\n\n${quote(expected)}\n\n**Before 训练前**\n\n${quote(before)}\n\n**After 训练后**\n\n${
      quote(after)
    }\n`
  );
  return `# Evaluation 评估报告

| | before 训练前 | after 训练后 |
| --- | --- | --- |
| eval_loss | ${before.eval_loss.toFixed(4)} | ${after.eval_loss.toFixed(4)} (${change} %) |
| perplexity 困惑度 | ${before.perplexity.toFixed(2)} | ${after.perplexity.toFixed(2)} |

- Base 基座: ${base.name}, ${base.parameters.toLocaleString("en")} parameters, ${base.bits} bits
- Adapter 适配器: ${known.join(", ") || "not trained here 并非在此训练"}
- Data 数据: ${tokens.train.rows} rows to train on, ${tokens.validation.rows} held out; ${tokens.validation.labelledTokens} tokens scored
- Loss on 损失计算于: ${LEARNT[tokens.trainOn]}

![training loss 训练损失](loss_curve.svg)

## Answers 回答

Greedy decoding of the first held-out instructions. 对前几条留出指令的贪心解码。

${rows.join("\n")}`;
}
