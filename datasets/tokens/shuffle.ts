import type { JumpableRandomGenerator } from "pure-rand/types/JumpableRandomGenerator";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/**
 * A permutation of 0 … count − 1 (Fisher–Yates). The same seed, stream and count always give the same order.
 *
 * @param seed integer from 0 to 2³² − 1.
 * @param stream which of the seed's independent sequences to use: they lie 2⁶⁴ draws apart.
 */
export function permutation(seed: number, count: number, stream = 0): Uint32Array<ArrayBuffer> {
  const random = generator(seed, stream);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = uniformInt(random, 0, last);
    const kept = order[last]!;
    order[last] = order[other]!;
    order[other] = kept;
  }
  return order;
}

function generator(seed: number, stream: number): JumpableRandomGenerator {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`seed: wanted an integer from 0 to 4294967295, found ${seed}`);
  }
  const random = xoroshiro128plus(seed | 0);
  for (let jumps = 0; jumps < stream; jumps++) random.jump();
  return random;
}
