import { join } from "@std/path";
import { promptIds } from "../../datasets/build_sequence.ts";
import { flatten } from "../../datasets/example.ts";
import { templateFor } from "../../datasets/templates.ts";
import { TokenReader } from "../../datasets/token_reader.ts";
import { type Device, openDevice } from "../../kernels/device.ts";
import type { BaseWeights } from "../../models/base_file.ts";
import { Evaluator } from "../../models/evaluator.ts";
import { readAdapter } from "../../models/formats/adapter.ts";
import { Generator } from "../../models/generation/generator.ts";
import { Lora } from "../../models/lora.ts";
import { loadTokenizer } from "../../models/tokenizer.ts";
import { defineStage, PipelineError, type Stage, z } from "../core/mod.ts";
import { type AnsweredSample, type EvaluationResults, reportText } from "./evaluation_report.ts";
import { answerAll, firstExamples } from "./held_out.ts";
import { adapter, base, report, tokens } from "./kinds.ts";
import { loadBaseInput } from "./load_base_input.ts";
import { checkTokens, lossOfSplit } from "./loss.ts";

const params = z.object({
  samples: z.number().int().min(0).default(5).describe("held-out instructions to answer before and after"),
  maxNewTokens: z.number().int().min(1).default(64).describe("most tokens of such an answer"),
});

/** Params of {@link evaluate}. */
export interface EvaluateParams {
  /** Held-out instructions to answer without and with the adapter; 5. */
  readonly samples?: number;
  /** Most tokens of such an answer; 64. */
  readonly maxNewTokens?: number;
}

/**
 * Compares base and adapter on the validation rows: loss, perplexity, and greedy answers to the first instructions.
 * Writes results.json and report.md.
 */
export const evaluate: Stage<
  { readonly base: typeof base; readonly adapter: typeof adapter; readonly tokens: typeof tokens },
  EvaluateParams,
  typeof report
> = defineStage({
  name: "evaluate",
  version: 1,
  inputs: { base, adapter, tokens },
  params,
  output: report,
  verifies: ["base"],
  async run({ inputs, params, output, progress, log, device: note, signal }) {
    checkTokens(inputs.base.meta, inputs.tokens.meta);
    if (inputs.tokens.meta.validation.rows === 0) {
      throw new PipelineError("evaluate: wanted validation rows, found none: set validation aside when merging");
    }
    const examples = await firstExamples(inputs.tokens.dir, params.samples);
    const device = await openDevice();
    note(device.info.description);
    try {
      const loaded = await loadBaseInput(device, inputs.base);
      const trained = await readAdapter(inputs.adapter.dir);
      const total = inputs.tokens.meta.validation.tokens * 2;
      const lora = new Lora(device, loaded.config, trained, false);
      lora.load(trained);
      const losses = await compareLosses(
        device,
        lora,
        loaded,
        inputs,
        signal,
        (done) => progress({ done, total, unit: "tokens", note: "loss" }),
      );
      using tokenizer = await loadTokenizer(join(inputs.base.dir, "tokenizer"));
      const template = templateFor(inputs.tokens.meta.template, tokenizer);
      const prompts = examples.map((example) => promptIds(example, template, tokenizer));
      const answers: Record<"before" | "after", string[]> = { before: [], after: [] };
      let done = 0;
      for (const side of ["before", "after"] as const) {
        const generator = new Generator(
          device,
          loaded,
          loaded.config.maxPositions,
          side === "after" ? lora : undefined,
        );
        const onAnswer = () => progress({ done: ++done, total: prompts.length * 2, unit: "answers", note: side });
        answers[side] = await answerAll(generator, tokenizer, prompts, { ...params, signal, onAnswer });
        generator.close();
      }
      const samples = examples.map((example, i): AnsweredSample => ({
        ...flatten(example),
        expected: example.output,
        before: answers.before[i]!,
        after: answers.after[i]!,
      }));
      const figures = (eval_loss: number) => ({ eval_loss, perplexity: Math.exp(eval_loss) });
      const results: EvaluationResults = { before: figures(losses.before), after: figures(losses.after), samples };
      await Deno.writeTextFile(join(output.dir, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
      await Deno.writeTextFile(join(output.dir, "report.md"), reportText(results, inputs));
      log(
        "info",
        `eval_loss ${losses.before.toFixed(4)} -> ${
          losses.after.toFixed(4)
        } on ${inputs.tokens.meta.validation.rows} held-out rows`,
      );
      return { evalLossBefore: losses.before, evalLossAfter: losses.after };
    } finally {
      device.close();
    }
  },
});

async function compareLosses(
  device: Device,
  lora: Lora,
  base: BaseWeights,
  inputs: { tokens: { dir: string } },
  signal: AbortSignal,
  onTokens: (done: number) => void,
): Promise<{ before: number; after: number }> {
  using reader = new TokenReader(inputs.tokens.dir, "validation", base.config.vocabularySize);
  const budget = Math.max(1024, ...reader.lengths);
  const evaluator = new Evaluator(device, base, Math.min(budget, reader.tokens), lora);
  const before = await lossOfSplit(evaluator, reader, budget, false, signal, onTokens);
  const after = await lossOfSplit(evaluator, reader, budget, true, signal, (done) => onTokens(reader.tokens + done));
  evaluator.close();
  return { before, after };
}
