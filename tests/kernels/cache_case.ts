// A cache of random keys and values for the tests of what reads and writes it.
import type { PlacedCache } from "../../kernels/decode/key_value_cache.ts";
import { reshape } from "../../kernels/gpu/tensor.ts";
import { type Bench, byHead, halfTensor, halves, Random } from "./harness.ts";

export interface CacheCase {
  readonly heads: number;
  readonly keyHeads: number;
  readonly headSize: number;
  /** Position of each row at step 0. */
  readonly positions: readonly number[];
}

/** What {@linkcode setUpCache} made. */
export interface CacheSetUp {
  readonly keys: Float64Array;
  readonly values: Float64Array;
  readonly q: Float64Array;
  /** Of each row. */
  readonly slots: readonly number[];
  /** Keys or values as the cache has them. */
  readonly ordered: (x: Float64Array) => Float64Array;
  readonly cache: Omit<PlacedCache, "step">;
  /** Of q. */
  readonly wide: number[];
}

/** Positions of each slot. */
export const slotPositions = 90;

/**
 * Random queries, and keys and values (slots, positions, G, D) that a cache in so many bits holds; row b has slot 2b + 1 of
 * twice as many.
 */
export function setUpCache(
  bench: Bench,
  { heads, keyHeads, headSize, positions }: CacheCase,
  bits: 16 | 32 = 32,
): CacheSetUp {
  const random = new Random(heads * headSize + positions.length);
  const rows = positions.length;
  const made = () => {
    const values = random.values(2 * rows * slotPositions * keyHeads * headSize);
    return bits === 32 ? values : halves(values);
  };
  const [keys, values] = [made(), made()];
  const q = random.values(rows * heads * headSize);
  const slots = positions.map((_, row) => 2 * row + 1);
  const places = reshape(bench.indices(positions.flatMap((position, row) => [slots[row]!, position])), [rows, 2]);
  const ordered = (x: Float64Array) => byHead(x, { positions: slotPositions, heads: keyHeads, headSize });
  const cached = (x: Float64Array) => {
    const shape = [2 * rows, keyHeads, slotPositions, headSize];
    return bits === 32 ? bench.tensor(shape, ordered(x)) : halfTensor(bench, shape, ordered(x));
  };
  return {
    keys,
    values,
    q,
    slots,
    ordered,
    cache: { keys: cached(keys), values: cached(values), places },
    wide: [rows, heads, headSize],
  };
}
