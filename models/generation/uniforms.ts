import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** The first numbers of the generator are near 1 or grow with the seed, whatever it is: they are left out. */
const skipped = 32;

/** Numbers 0 ≤ u < 1, the same for the same seed. */
export function uniforms(seed: number): () => number {
  const random = xoroshiro128plus(seed);
  for (let i = 0; i < skipped; i++) random.next();
  return () => uniformFloat64(random);
}
