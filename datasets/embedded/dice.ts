import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Seeded choices: the same seed gives the same ones, everywhere and always. */
export class Dice {
  readonly #random;

  /** @param seed an integer from 0 to 2³² − 1 */
  constructor(seed: number) {
    this.#random = xoroshiro128plus(seed | 0);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return uniformInt(this.#random, low, high);
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError("dice: wanted something to pick from, found an empty list");
    return list[this.between(0, list.length - 1)]!;
  }

  /** `count` different ones of a list, in a random order. */
  several<T>(list: readonly T[], count: number): T[] {
    if (list.length < count) throw new RangeError(`dice: wanted ${count} to pick from, found ${list.length}`);
    const rest = [...list];
    return Array.from({ length: count }, () => rest.splice(this.between(0, rest.length - 1), 1)[0]!);
  }

  /** A list in a random order. */
  shuffled<T>(list: readonly T[]): T[] {
    return this.several(list, list.length);
  }
}
