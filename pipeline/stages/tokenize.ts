import { join } from "@std/path";
import { buildSequence, labelMask, type SequenceOptions } from "../../datasets/build_sequence.ts";
import { DataError } from "../../datasets/errors.ts";
import { readExampleBatches } from "../../datasets/read_examples.ts";
import { template, TEMPLATE_NAMES, type TemplateName } from "../../datasets/templates.ts";
import { TokenWriter } from "../../datasets/token_writer.ts";
import { loadTokenizer } from "../../models/tokenizer.ts";
import { defineStage, type Stage, z } from "../core/mod.ts";
import { dataset, tokenizer, tokens, type TokensMeta, type TokenSplitMeta } from "./kinds.ts";

const params = z.object({
  maxTokens: z.number().int().min(8).default(256).describe("most tokens of a row, with bos and eos; the rest is cut"),
  template: z.enum(TEMPLATE_NAMES).default("alpaca").describe("prompt template"),
  trainOnInputs: z.boolean().default(false).describe("learn the prompt as well as the answer"),
});

/** Params of {@link tokenize}. */
export interface TokenizeParams {
  /** Most tokens of a row, with bos and eos; the rest is cut. 256 by default. */
  readonly maxTokens?: number;
  /** Prompt template; "alpaca" by default. */
  readonly template?: TemplateName;
  /** Whether the prompt is learnt as well as the answer; false by default. */
  readonly trainOnInputs?: boolean;
}

/**
 * Turns merged rows into token ids and labels. Rows that exceed maxTokens are cut and counted; rows of which no label is
 * left are dropped and counted. The text of the validation rows is kept beside the ids for evaluation.
 */
export const tokenize: Stage<
  { readonly data: typeof dataset; readonly tokenizer: typeof tokenizer },
  TokenizeParams,
  typeof tokens
> = defineStage({
  name: "tokenize",
  version: 1,
  inputs: { data: dataset, tokenizer },
  params,
  output: tokens,
  foresee: ({ params }) => ({ meta: params }),
  async run({ inputs, params, output, progress, log, signal }) {
    using loaded = await loadTokenizer(inputs.tokenizer.dir);
    const { meta } = inputs.data;
    const options = { ...params, tokenizer: loaded, template: template(params.template) };
    const total = meta.train + meta.validation;
    const split = (name: "train" | "validation", before: number) =>
      tokenizeSplit(inputs.data.dir, output.dir, name, options, (rows) => {
        signal.throwIfAborted();
        progress({ done: before + rows, total, unit: "rows", note: name });
      });
    const train = await split("train", 0);
    if (train.rows === 0) throw nothingLeft(meta.train, params.maxTokens);
    const validation = await split("validation", meta.train);
    await Deno.copyFile(join(inputs.data.dir, "validation.jsonl"), join(output.dir, "validation.jsonl"));
    const result: TokensMeta = { train, validation, ...params, vocabSize: loaded.vocabularySize };
    await Deno.writeTextFile(join(output.dir, "report.json"), `${JSON.stringify(result, null, 2)}\n`);
    for (const message of warnings(result)) log("warn", message);
    return result;
  },
});

async function tokenizeSplit(
  from: string,
  to: string,
  name: "train" | "validation",
  options: SequenceOptions,
  onRows: (rows: number) => void,
): Promise<TokenSplitMeta> {
  const counts = { rows: 0, tokens: 0, labelledTokens: 0, longest: 0, truncated: 0, dropped: 0 };
  using writer = new TokenWriter(to, name);
  for await (const examples of readExampleBatches(join(from, `${name}.jsonl`))) {
    for (const example of examples) {
      const sequence = buildSequence(example, options);
      if (sequence.kind === "dropped") {
        counts.dropped++;
        continue;
      }
      const { ids, labelStart, truncated } = sequence;
      writer.append({ ids, labelled: labelMask(sequence) });
      counts.rows++;
      counts.tokens += ids.length;
      counts.labelledTokens += ids.length - labelStart;
      counts.longest = Math.max(counts.longest, ids.length);
      if (truncated) counts.truncated++;
    }
    onRows(counts.rows + counts.dropped);
  }
  writer.finish();
  return counts;
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
  const of = `of ${train.rows + validation.rows + dropped} rows`;
  const messages: string[] = [];
  if (truncated > 0) messages.push(`${truncated} ${of} are longer than ${maxTokens} tokens: their ends are cut off`);
  if (dropped > 0) {
    messages.push(`${dropped} ${of} are dropped: nothing of the answer is left within ${maxTokens} tokens`);
  }
  return messages;
}
