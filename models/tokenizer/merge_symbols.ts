import type { PairTable } from "./pair_table.ts";

/** Ranks and positions share a number of 52 bits. */
const POSITIONS = 2 ** 30;

/**
 * Byte-pair encoding proper: joins the pair of the lowest rank, leftmost first, until none is left. Works in place; −2
 * stands where a symbol was joined to one before it.
 */
export function mergeSymbols(symbols: Int32Array, pairs: PairTable): Int32Array {
  const count = symbols.length;
  const next = Int32Array.from(symbols, (_, at) => at + 1);
  const previous = Int32Array.from(symbols, (_, at) => at - 1);
  const queue = new MinHeap();
  /** The pair that begins at each place; −1 for none. */
  const waiting = new Int32Array(count).fill(-1);
  const look = (at: number) => {
    const right = at < 0 ? count : next[at]!;
    if (right >= count) {
      if (at >= 0) waiting[at] = -1;
      return;
    }
    const pair = pairs.find(symbols[at]!, symbols[right]!);
    waiting[at] = pair;
    if (pair >= 0) queue.push(pairs.rank(pair) * POSITIONS + at);
  };
  for (let at = 0; at < count; at++) look(at);
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const rank = Math.floor(key / POSITIONS);
    const at = key - rank * POSITIONS;
    const pair = waiting[at]!;
    if (pair < 0 || pairs.rank(pair) !== rank) continue; // one of its two is another by now
    const right = next[at]!;
    symbols[at] = pairs.made(pair);
    symbols[right] = -2;
    waiting[right] = -1;
    next[at] = next[right]!;
    if (next[at]! < count) previous[next[at]!] = at;
    look(at);
    look(previous[at]!);
  }
  return symbols;
}

/** A queue of numbers that gives the smallest first. */
class MinHeap {
  readonly #values: number[] = [];

  push(value: number): void {
    const values = this.#values;
    let at = values.length;
    values.push(value);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (values[above]! <= value) break;
      values[at] = values[above]!;
      at = above;
    }
    values[at] = value;
  }

  pop(): number | undefined {
    const values = this.#values;
    const first = values[0];
    const last = values.pop();
    if (last === undefined || values.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= values.length) break;
      if (below + 1 < values.length && values[below + 1]! < values[below]!) below++;
      if (values[below]! >= last) break;
      values[at] = values[below]!;
      at = below;
    }
    values[at] = last;
    return first;
  }
}
