import { DataError } from "../errors.ts";
import type { TokenRow } from "./token_files.ts";

/** Label of a token that predicts nothing. */
export const NO_LABEL = -1;

/** Rows packed one behind the other into a stream of T tokens, without padding. */
export interface MicroBatch {
  /** Token ids (T). */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Position of each token in its row, from 0 (T). */
  readonly positions: Uint32Array<ArrayBuffer>;
  /** Index in the stream of the first token of the row that each token belongs to (T). */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** Id that each token is to predict: the next one of its row where that is labelled, otherwise −1 (T). */
  readonly labels: Int32Array<ArrayBuffer>;
  /** How many labels are not −1. */
  readonly labelledCount: number;
  /** T. */
  readonly tokenCount: number;
  /** How many rows are packed. */
  readonly rows: number;
}

/**
 * Divides the rows of an optimizer step into micro-batches: in order, whole rows, each as full as the budget allows.
 *
 * @param lengths number of tokens of every row of the data.
 * @param rows indices of the rows of this step.
 * @param budget most tokens in a micro-batch.
 * @returns row indices, one list a micro-batch.
 * @throws {DataError} if a row alone exceeds the budget.
 */
export function packRows(lengths: ArrayLike<number>, rows: ArrayLike<number>, budget: number): number[][] {
  const batches: number[][] = [];
  let used = Infinity;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    const length = lengths[row];
    if (length === undefined) throw new RangeError(`packing: wanted rows 0 … ${lengths.length - 1}, found ${row}`);
    if (length > budget) {
      throw new DataError(
        `packing: wanted rows of at most ${budget} tokens (microBatchSize × maxTokens), found row ${row} with ${length}; ` +
          `raise microBatchSize or lower maxTokens`,
      );
    }
    if (used + length > budget) {
      batches.push([]);
      used = 0;
    }
    batches.at(-1)!.push(row);
    used += length;
  }
  return batches;
}

/** Builds a micro-batch of rows, in the order given. */
export function buildMicroBatch(rows: readonly TokenRow[]): MicroBatch {
  const tokenCount = rows.reduce((sum, row) => sum + row.ids.length, 0);
  const ids = new Uint32Array(tokenCount);
  const positions = new Uint32Array(tokenCount);
  const starts = new Uint32Array(tokenCount);
  const labels = new Int32Array(tokenCount).fill(NO_LABEL);
  let labelledCount = 0;
  let start = 0;
  for (const row of rows) {
    const length = row.ids.length;
    ids.set(row.ids, start);
    starts.fill(start, start, start + length);
    for (let at = 0; at < length; at++) {
      positions[start + at] = at;
      // Behind the last token of a row there is nothing, which is not 1 either.
      if (row.labelled[at + 1] !== 1) continue;
      labels[start + at] = row.ids[at + 1]!;
      labelledCount++;
    }
    start += length;
  }
  return { ids, positions, starts, labels, labelledCount, tokenCount, rows: rows.length };
}
