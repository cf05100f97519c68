import { buildMicroBatch, type MicroBatch, packRows } from "../../../datasets/tokens/packing.ts";
import type { TokenReader } from "../../../datasets/tokens/token_reader.ts";

/** A split's rows in order, packed into micro-batches of at most `budget` tokens. */
export function* batchesOf(reader: TokenReader, budget: number): Generator<MicroBatch> {
  const all = Array.from({ length: reader.rows }, (_, row) => row);
  for (const list of packRows(reader.lengths, all, budget)) yield buildMicroBatch(list.map((row) => reader.row(row)));
}

/** A model in training that sums the losses of micro-batches. */
export interface LossModel {
  /** Σ −log p in nats over the labelled tokens of some micro-batches, with the adapter or without. */
  evaluate(
    batches: Iterable<MicroBatch>,
    options: { readonly adapter: boolean; readonly onBatch?: (done: number) => void },
  ): Promise<number>;
}

/** Mean −log p over all labelled tokens of a split, in nats: never a mean of means. */
export async function lossOfSplit(
  model: LossModel,
  reader: TokenReader,
  budget: number,
  adapter: boolean,
  signal: AbortSignal,
  onTokens: (done: number) => void = () => {},
): Promise<number> {
  let labelled = 0;
  let tokens = 0;
  function* counted() {
    for (const batch of batchesOf(reader, budget)) {
      signal.throwIfAborted();
      labelled += batch.labelledCount;
      tokens += batch.tokenCount;
      yield batch;
    }
  }
  const sum = await model.evaluate(counted(), { adapter, onBatch: () => onTokens(tokens) });
  return sum / labelled;
}
