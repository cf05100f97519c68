/** Which element of which input is dropped is a function of these numbers. */
export interface DropoutPlace {
  readonly probability: number;
  readonly seed: number;
  /** Counts micro-batches. */
  readonly step: number;
  /** Counts adapted projections. */
  readonly module: number;
}

/** pcg4d of four 32-bit numbers (Jarzynski and Olano 2020, https://jcgt.org/published/0009/03/02/). */
function pcg4d(numbers: readonly [number, number, number, number]): number[] {
  const h = numbers.map((n) => (Math.imul(n, 1664525) + 1013904223) >>> 0);
  const mix = () => {
    for (const [to, a, b] of [[0, 1, 3], [1, 2, 0], [2, 0, 1], [3, 1, 2]] as const) {
      h[to] = (h[to]! + Math.imul(h[a]!, h[b]!)) >>> 0;
    }
  };
  mix();
  for (let i = 0; i < 4; i++) h[i] = (h[i]! ^ (h[i]! >>> 16)) >>> 0;
  mix();
  return h;
}

/** The factors, 0 or 1 / (1 − p), of `count` elements of a micro-batch's input from element `begin` on, a multiple of 4. */
export function dropoutMask(
  { probability, seed, step, module }: DropoutPlace,
  begin: number,
  count: number,
): Float64Array {
  const mask = new Float64Array(count);
  for (let i = 0; i < count; i += 4) {
    const hash = pcg4d([seed, step, module, (begin + i) / 4]);
    for (let c = 0; c < 4; c++) mask[i + c] = hash[c]! >= Math.round(probability * 2 ** 32) ? 1 / (1 - probability) : 0;
  }
  return mask;
}
