// What padding-free packing and a head on labelled rows only are worth: the same rows, trained by the same engine, in our
// micro-batches and in those of Chinese-Vicuna.
import { join } from "@std/path";
import { alpacaSchema } from "../../datasets/formats/alpaca.ts";
import { buildSequence } from "../../datasets/templates/build_sequence.ts";
import type { RawExample } from "../../datasets/example.ts";
import { buildMicroBatch, packRows } from "../../datasets/tokens/packing.ts";
import { readRows } from "../../datasets/formats/read_rows.ts";
import { permutation } from "../../datasets/tokens/shuffle.ts";
import { template } from "../../datasets/templates/templates.ts";
import type { TokenRow } from "../../datasets/tokens/token_files.ts";
import type { Device } from "../../kernels/gpu/device.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import type { MicroBatch } from "../../models/training/batch.ts";
import { buildTokenizer } from "../../models/formats/tokenizer/tokenizer_builder.ts";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import { LoraTrainer } from "../../models/training/trainer.ts";
import type { BenchConfig } from "./configs.ts";
import { labelledIn, takeSteps, trainerOptions } from "./steps.ts";
import { syntheticBase } from "./synthetic.ts";

/** Chinese-Vicuna's recipe: rows of a micro-batch, longest row, and what padded lengths are a multiple of. */
const recipe = { rows: 4, maxTokens: 256, multiple: 8 };
/** Rows that are measured. */
const measuredRows = 32;
const tokenizerSize = 4096;
/** Every micro-batch is measured so often, both ways in turn; the quickest counts. */
const repeats = 3;

/** Tokens of the data a second, padding not counted, both ways. */
export interface PackingResult {
  readonly rows: number;
  /** Tokens of the rows. */
  readonly tokens: number;
  readonly labelled: number;
  /** Tokens that the padded micro-batches have. */
  readonly padded_tokens: number;
  readonly packed_tokens_per_second: number;
  readonly padded_tokens_per_second: number;
  readonly ratio: number;
}

async function readExamples(folder: string): Promise<RawExample[]> {
  const examples: RawExample[] = [];
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /\.jsonl?$/.test(name)).sort();
  for (const name of files) {
    const file = join(folder, name);
    for await (const { value, line } of readRows(file)) examples.push(...alpacaSchema.examples(value, { file, line }));
  }
  return examples;
}

/** Tokenises rows in an order of their own seed, answers labelled only, with a tokenizer built from the same rows. */
async function tokenRows(folder: string): Promise<TokenRow[]> {
  const examples = await readExamples(folder);
  const { prompt } = template("alpaca");
  const texts = examples.flatMap((example) => [prompt(example), example.output]);
  const directory = await Deno.makeTempDir({ prefix: "vicuna-bench-" });
  try {
    await Deno.writeTextFile(join(directory, "tokenizer.json"), buildTokenizer(texts, tokenizerSize));
    using tokenizer = await loadTokenizer(directory);
    const options = {
      tokenizer,
      template: template("alpaca"),
      maxTokens: recipe.maxTokens,
      trainOn: "answers" as const,
    };
    const rows: TokenRow[] = [];
    for (const index of permutation(42, examples.length)) {
      const sequence = buildSequence(examples[index]!, options);
      if (sequence.kind === "sequence") rows.push(sequence);
      if (rows.length === measuredRows) break;
    }
    return rows;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/**
 * The micro-batches that padding makes. All tokens are labelled, those of the padding too, since there the logits, and
 * the gradient back through them, are computed for every position, if only to be multiplied by zero.
 */
export function paddedBatches(rows: readonly TokenRow[]): MicroBatch[] {
  const batches: MicroBatch[] = [];
  for (let begin = 0; begin < rows.length; begin += recipe.rows) {
    const part = rows.slice(begin, begin + recipe.rows);
    const longest = Math.max(...part.map(({ ids }) => ids.length));
    const width = Math.ceil(longest / recipe.multiple) * recipe.multiple;
    const ids = new Uint32Array(part.length * width);
    part.forEach((row, i) => ids.set(row.ids, i * width));
    batches.push({
      ids,
      positions: ids.map((_, t) => t % width),
      starts: ids.map((_, t) => t - t % width),
      labels: Int32Array.from(ids, (_, t) => ids[t + 1] ?? 0),
    });
  }
  return batches;
}

/** Measures both ways on the first rows of a folder of alpaca files. */
export async function benchPacking(
  device: Device,
  { model }: BenchConfig,
  bits: WeightBits,
  folder: string,
): Promise<PackingResult> {
  const rows = await tokenRows(folder);
  const budget = recipe.rows * recipe.maxTokens;
  const packed = packRows(rows.map(({ ids }) => ids.length), rows.map((_, i) => i), budget)
    .map((list) => buildMicroBatch(list.map((i) => rows[i]!)));
  const padded = paddedBatches(rows);
  const { base, close } = await syntheticBase(device, model, bits);
  const trainer = new LoraTrainer(device, base, { ...trainerOptions, tokens: budget });
  const best = [packed, padded].map((batches) => batches.map(() => Infinity)) as [number[], number[]];
  try {
    await takeSteps(trainer, [packed[0]!], 1); // compiles what there is to compile
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [way, batches] of [packed, padded].entries()) {
        for (const [i, batch] of batches.entries()) {
          const { ms } = await takeSteps(trainer, [batch], 1);
          best[way]![i] = Math.min(best[way]![i]!, ms);
        }
      }
    }
  } finally {
    trainer.close();
    close();
  }
  const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  const [packedMs, paddedMs] = best.map((times) => times.reduce((a, b) => a + b, 0)) as [number, number];
  return {
    rows: rows.length,
    tokens,
    labelled: labelledIn(packed),
    padded_tokens: padded.reduce((sum, { ids }) => sum + ids.length, 0),
    packed_tokens_per_second: tokens / packedMs * 1000,
    padded_tokens_per_second: tokens / paddedMs * 1000,
    ratio: paddedMs / packedMs,
  };
}
