import { join } from "@std/path";
import { TRAIN_ON } from "../../../datasets/templates/build_sequence.ts";
import { DataError } from "../../../datasets/errors.ts";
import { TEMPLATE_DAY } from "../../../datasets/templates/strftime.ts";
import { templateFor } from "../../../datasets/templates/templates.ts";
import { TokenWriter } from "../../../datasets/tokens/token_writer.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { defineStage, type Stage, z } from "../../core/mod.ts";
import { dataset, tokenizer, tokens, type TokensMeta } from "../kinds.ts";
import { templateParams } from "./template_options.ts";
import type { TokenSetup } from "./token_block.ts";
import { tokenizeSplit } from "./tokenize_split.ts";
import { workerSettings } from "../worker_settings.ts";

/** How rows become tokens, besides {@link templateOptions}. */
export const tokenizeOptions = {
  maxTokens: z.number().int().min(8).default(256).describe("most tokens of a row").meta({
    aliases: ["cutoff_len"],
  }),
  longRows: z.enum(["cut", "drop"]).default("cut").describe("cut the end of longer rows, or drop them"),
  trainOn: z.enum(TRAIN_ON).default("answers").describe(
    "what is learnt: every answer of a conversation, the last one, or all text",
  ),
  trainOnInputs: z.boolean().default(false).describe(
    "learn the prompt as well, as the published losses of Chinese-Vicuna do",
  ),
};

const params = z.object({
  ...tokenizeOptions,
  template: templateParams.template.default("alpaca"),
  chatTemplateKwargs: templateParams.chatTemplateKwargs.default({}),
  templateDate: templateParams.templateDate.default(TEMPLATE_DAY),
});

const settings = z.object(workerSettings);

/** Params and settings of {@link tokenize}. */
export type TokenizeParams = z.input<typeof params> & z.input<typeof settings>;

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
