import { permutation } from "../tokens/shuffle.ts";

/** Which rows of the spool go where, in order. */
export interface RowOrder {
  readonly validation: Uint32Array;
  /** A row stands here as often as it is to be trained on. */
  readonly train: Uint32Array;
  /** Rows of each source that are left out. */
  readonly left: number[];
}

/**
 * Samples the rows of sources by weight, shuffles them and sets some aside for validation. A source of n rows and the
 * weight w gives ⌊w⌋ copies of each row and one more of round(n · (w − ⌊w⌋)) rows chosen by the seed. Validation rows are
 * never trained on, not even as copies.
 *
 * @param ends behind which row each source ends; the first begins at 0.
 */
export function sampleRows(
  ends: readonly number[],
  weights: readonly number[],
  { seed, validation }: { seed: number; validation: number },
): RowOrder {
  const copies = copiesOf(ends, weights, seed);
  const chosen = Uint32Array.from(copies.keys()).filter((row) => copies[row]! > 0);
  const shuffled = permutation(seed, chosen.length).map((at) => chosen[at]!);
  const rest = shuffled.subarray(validation);
  const left = ends.map((end, source) => {
    return copies.subarray(source === 0 ? 0 : ends[source - 1]!, end).filter((count) => count === 0).length;
  });
  return { validation: shuffled.subarray(0, validation), train: repeat(rest, copies, seed, ends.length), left };
}

/** How often each row is taken. */
function copiesOf(ends: readonly number[], weights: readonly number[], seed: number): Uint32Array {
  const copies = new Uint32Array(ends.at(-1) ?? 0);
  ends.forEach((end, source) => {
    const start = source === 0 ? 0 : ends[source - 1]!;
    const weight = weights[source]!;
    const whole = Math.floor(weight);
    copies.fill(whole, start, end);
    const extra = Math.round((end - start) * (weight - whole));
    if (extra === 0) return;
    for (const at of permutation(seed, end - start, 1 + source).subarray(0, extra)) copies[start + at]!++;
  });
  return copies;
}

/** Every row as often as it is taken, shuffled again if any is taken twice. */
function repeat(rows: Uint32Array, copies: Uint32Array, seed: number, sources: number): Uint32Array {
  const total = rows.reduce((sum, row) => sum + copies[row]!, 0);
  if (total === rows.length) return rows;
  const all = new Uint32Array(total);
  let at = 0;
  for (const row of rows) {
    all.fill(row, at, at + copies[row]!);
    at += copies[row]!;
  }
  return permutation(seed, total, 1 + sources).map((from) => all[from]!);
}
