import { NO_LABEL } from "../../../datasets/tokens/packing.ts";
import { TokenReader } from "../../../datasets/tokens/token_reader.ts";
import type { Device } from "../../../kernels/gpu/device.ts";
import type { BaseWeights } from "../../../models/base_weights.ts";
import { Evaluator } from "../../../models/training/evaluator.ts";
import type { Adapter } from "../../../models/formats/adapter/adapter.ts";
import { Lora } from "../../../models/training/lora.ts";
import type { Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { batchesOf } from "../training/loss.ts";
import { compare, type Compared, type Measure } from "./statistics.ts";

/** Fewest tokens of a micro-batch, if there are so many. */
const leastBudget = 1024;

/** What was scored, row by row. */
export interface RowLosses {
  /** Σ −log p of each row's labelled tokens, in nats. */
  readonly before: readonly number[];
  readonly after?: readonly number[];
  /** Labelled tokens of each row. */
  readonly labels: readonly number[];
  /** UTF-8 bytes of text that they stand for; control tokens have none. */
  readonly bytes: readonly number[];
}

/** How well one side predicts the labelled tokens. */
export interface LossFigures {
  /** Σ −log p / labelled tokens, over the whole set, in nats. */
  readonly eval_loss: number;
  /** Its standard error, with the rows as independent units; null for a single row. */
  readonly eval_loss_stderr: number | null;
  /** exp(eval_loss). */
  readonly perplexity: number;
  /** exp(eval_loss) · stderr of eval_loss (the delta method). */
  readonly perplexity_stderr: number | null;
  /** Σ −log p / (ln 2 · UTF-8 bytes of the scored text). */
  readonly bits_per_byte: number;
  readonly bits_per_byte_stderr: number | null;
}

/** How much the adapter changes the figures: after − before, paired by row. */
export type LossDifference = Omit<LossFigures, "perplexity" | "perplexity_stderr">;

/** The figures of both sides. */
export interface LossResults {
  readonly before: LossFigures;
  readonly after?: LossFigures;
  readonly difference?: LossDifference;
}

/** Scores each validation row with the base, and with an adapter if there is one. */
export async function scoreRows(
  device: Device,
  base: BaseWeights,
  adapter: Adapter | undefined,
  tokenizer: Tokenizer,
  tokensDir: string,
  options: { readonly signal: AbortSignal; readonly onTokens: (done: number, total: number) => void },
): Promise<RowLosses> {
  using reader = new TokenReader(tokensDir, "validation", base.config.vocabularySize);
  const lora = adapter && new Lora(device, base.config, adapter, false);
  if (adapter) lora?.load(adapter);
  const budget = reader.lengths.reduce((most, length) => Math.max(most, length), leastBudget);
  const evaluator = new Evaluator(device, base, Math.min(budget, reader.tokens), lora);
  const total = reader.tokens * (lora ? 2 : 1);
  try {
    const side = async (withAdapter: boolean, begun: number) => {
      const sums: number[] = [];
      let done = begun;
      for (const batch of batchesOf(reader, budget)) {
        options.signal.throwIfAborted();
        const losses = await evaluator.evaluate(batch, { adapter: withAdapter });
        let at = 0;
        let row = -1;
        // The tokens of a row share their start.
        for (let t = 0; t < batch.tokenCount; t++) {
          if (batch.starts[t] === t) row = sums.push(0) - 1;
          if (batch.labels[t] !== NO_LABEL) sums[row]! += losses[at++]!;
        }
        options.onTokens(done += batch.tokenCount, total);
      }
      return sums;
    };
    const before = await side(false, 0);
    const scored = Array.from({ length: reader.rows }, (_, row) => scoredOf(reader.row(row), tokenizer));
    return {
      before,
      ...(lora ? { after: await side(true, reader.tokens) } : {}),
      labels: scored.map(({ labels }) => labels),
      bytes: scored.map(({ bytes }) => bytes),
    };
  } finally {
    evaluator.close();
    lora?.close();
  }
}

/** Labels of a row and bytes of their text. */
function scoredOf(
  { ids, labelled }: { ids: Uint32Array; labelled: Uint8Array },
  tokenizer: Tokenizer,
): { labels: number; bytes: number } {
  let [labels, bytes] = [0, 0];
  // The space that a tokenizer puts before a text is no part of it.
  let lead = tokenizer.spelling?.lead ?? 0;
  for (const [at, id] of ids.entries()) {
    const isText = !tokenizer.isSpecial(id);
    if (labelled[at] === 1) {
      labels++;
      if (isText) bytes += tokenizer.bytesOf(id).length - lead;
    }
    if (isText) lead = 0;
  }
  return { labels, bytes };
}

/** The figures of scored rows. */
export function lossResults({ before, after, labels, bytes }: RowLosses): LossResults {
  const perToken = compare(before, after, labels);
  const perByte = compare(before, after, bytes.map((count) => count * Math.LN2));
  const difference = differenceOf(perToken, perByte);
  return {
    before: figuresOf(perToken.before, perByte.before),
    ...(perToken.after && perByte.after ? { after: figuresOf(perToken.after, perByte.after) } : {}),
    ...(difference ? { difference } : {}),
  };
}

function figuresOf(perToken: Measure, perByte: Measure): LossFigures {
  const perplexity = Math.exp(perToken.value);
  return {
    eval_loss: perToken.value,
    eval_loss_stderr: perToken.stderr,
    perplexity,
    perplexity_stderr: perToken.stderr === null ? null : perplexity * perToken.stderr,
    bits_per_byte: perByte.value,
    bits_per_byte_stderr: perByte.stderr,
  };
}

function differenceOf({ difference: perToken }: Compared, { difference: perByte }: Compared) {
  return perToken && perByte && {
    eval_loss: perToken.value,
    eval_loss_stderr: perToken.stderr,
    bits_per_byte: perByte.value,
    bits_per_byte_stderr: perByte.stderr,
  };
}
