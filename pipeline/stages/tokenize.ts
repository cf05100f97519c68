import { join } from "@std/path";
import { TRAIN_ON, type TrainOn } from "../../datasets/build_sequence.ts";
import { DataError } from "../../datasets/errors.ts";
import { defaultWorkers } from "../../datasets/job_pool.ts";
import { DAY, TEMPLATE_DAY } from "../../datasets/strftime.ts";
import { TEMPLATE_NAMES, templateFor, type TemplateName } from "../../datasets/templates.ts";
import { TokenWriter } from "../../datasets/token_writer.ts";
import { loadTokenizer } from "../../models/tokenizer.ts";
import { defineStage, type Stage, z } from "../core/mod.ts";
import { dataset, tokenizer, tokens, type TokensMeta } from "./kinds.ts";
import type { TokenSetup } from "./token_block.ts";
import { tokenizeSplit } from "./tokenize_split.ts";

const params = z.object({
  maxTokens: z.number().int().min(8).default(256).describe("most tokens of a row, with bos and eos"),
  longRows: z.enum(["cut", "drop"]).default("cut").describe("whether longer rows lose their end or are left out"),
  template: z.enum(TEMPLATE_NAMES).default("alpaca").describe("prompt template"),
  trainOn: z.enum(TRAIN_ON).default("answers").describe(
    "what is learnt: every answer of a conversation, the last one, or all text",
  ),
  trainOnInputs: z.boolean().default(false).describe("the same as trainOn: all"),
  chatTemplateKwargs: z.record(z.string(), z.unknown()).default({}).describe(
    "variables of the tokenizer's chat template",
  ),
  templateDate: z.string().regex(DAY, "wanted YYYY-MM-DD").default(TEMPLATE_DAY).describe(
    "the day that a chat template which asks for it is told",
  ),
});

const settings = z.object({
  workers: z.number().int().min(1).default(defaultWorkers()).describe("threads to work on"),
});

/** Params of {@link tokenize}. */
export interface TokenizeParams {
  /** Most tokens of a row, with bos and eos. 256 by default. */
  readonly maxTokens?: number;
  /** Whether longer rows lose their end ("cut", the default) or are left out ("drop"). */
  readonly longRows?: "cut" | "drop";
  /** Prompt template; "alpaca" by default. "tokenizer" is the chat template that comes with the tokenizer. */
  readonly template?: TemplateName;
  /** What is learnt: every answer of a conversation ("answers", the default), the last one ("last"), or all text. */
  readonly trainOn?: TrainOn;
  /** True is the same as trainOn "all": the prompt is learnt as well as the answer. */
  readonly trainOnInputs?: boolean;
  /** Variables of the tokenizer's chat template, such as `{ enable_thinking: false }`. */
  readonly chatTemplateKwargs?: Readonly<Record<string, unknown>>;
  /** The day, YYYY-MM-DD, that a chat template is told which asks for it (`strftime_now`); 2025-01-01. */
  readonly templateDate?: string | undefined;
  /** Threads to work on; all by default. They do not change the result. */
  readonly workers?: number;
}

/**
 * Turns merged rows into token ids and labels. Rows that exceed maxTokens are cut and counted; rows of which no label is
 * left are dropped and counted. The text of the validation rows is kept beside the ids for evaluation.
 *
 * @example
 * ```ts
 * import { merge, modelFolder, quantize, sharegpt, tokenize } from "vicuna";
 *
 * const base = quantize({ model: modelFolder("Qwen3-0.6B") });
 * const data = merge({ sources: [sharegpt("conversations.json")] });
 * // A chat model's own template, and only the last answer of each conversation.
 * const tokens = tokenize({ data, tokenizer: base.tokenizer, maxTokens: 512, template: "tokenizer", trainOn: "last" });
 * ```
 */
export const tokenize: Stage<
  { readonly data: typeof dataset; readonly tokenizer: typeof tokenizer },
  TokenizeParams,
  typeof tokens
> = defineStage({
  name: "tokenize",
  version: 3,
  inputs: { data: dataset, tokenizer },
  params,
  settings,
  output: tokens,
  foresee: ({ params }) => ({ meta: choices(params) }),
  async run({ inputs, params, settings, output, progress, log, signal }) {
    using loaded = await loadTokenizer(inputs.tokenizer.dir);
    templateFor(params.template, loaded, params); // says at once if it cannot be used
    const chosen = choices(params);
    const setup: TokenSetup = { ...chosen, tokenizer: inputs.tokenizer.dir };
    const { meta } = inputs.data;
    const total = meta.train + meta.validation;
    const split = (name: "train" | "validation", before: number) => {
      const path = join(inputs.data.dir, `${name}.jsonl`);
      return tokenizeSplit(path, new TokenWriter(output.dir, name), setup, settings.workers, signal, (rows) => {
        progress({ done: before + rows, total, unit: "rows", note: name });
      });
    };
    const train = await split("train", 0);
    if (train.rows === 0) throw nothingLeft(meta.train, params.maxTokens);
    const validation = await split("validation", meta.train);
    await Deno.copyFile(join(inputs.data.dir, "validation.jsonl"), join(output.dir, "validation.jsonl"));
    const result: TokensMeta = { train, validation, ...chosen, vocabSize: loaded.vocabularySize };
    await Deno.writeTextFile(join(output.dir, "report.json"), `${JSON.stringify(result, null, 2)}\n`);
    for (const message of warnings(result)) log("warn", message);
    return result;
  },
});

/** What was chosen; what chat templates alone are told, only where one is used. */
function choices({ trainOnInputs, trainOn, chatTemplateKwargs, templateDate, ...rest }: z.output<typeof params>) {
  const told = rest.template === "tokenizer" ? { chatTemplateKwargs, templateDate } : {};
  return { ...rest, ...told, trainOn: trainOnInputs ? "all" as const : trainOn };
}

function nothingLeft(rows: number, maxTokens: number): DataError {
  return new DataError(
    `tokenize: wanted rows to train on, found none: the prompts of all ${rows} rows fill the ${maxTokens} tokens ` +
      `that maxTokens allows, so that no answer is left; raise maxTokens`,
  );
}

function warnings({ train, validation, maxTokens }: TokensMeta): string[] {
  const truncated = train.truncated + validation.truncated;
  const dropped = train.dropped + validation.dropped;
  const tooLong = train.tooLong + validation.tooLong;
  const of = `of ${train.rows + validation.rows + dropped + tooLong} rows`;
  const messages: string[] = [];
  if (truncated > 0) messages.push(`${truncated} ${of} are longer than ${maxTokens} tokens: their ends are cut off`);
  if (tooLong > 0) messages.push(`${tooLong} ${of} are dropped: they are longer than ${maxTokens} tokens`);
  if (dropped > 0) {
    messages.push(`${dropped} ${of} are dropped: nothing of the answer is left within ${maxTokens} tokens`);
  }
  return messages;
}
