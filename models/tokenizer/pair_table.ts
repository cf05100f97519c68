/** Words of 32 bits in an entry: left, right, rank, made. */
const WORDS = 4;

/** Which pairs of symbols join, at what rank, and to which symbol: an open-addressing table in one typed array. */
export class PairTable {
  readonly #entries: Int32Array;
  readonly #mask: number;

  /** @param count how many pairs it will hold at the most. */
  constructor(count: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(count, 1) * 2));
    this.#entries = new Int32Array(slots * WORDS).fill(-1);
    this.#mask = slots - 1;
  }

  /** Adds a pair; of a pair that is there already, the lower rank stays. */
  set(left: number, right: number, rank: number, made: number): void {
    const at = this.#slot(left, right);
    if (this.#entries[at] !== -1 && this.#entries[at + 2]! <= rank) return;
    this.#entries.set([left, right, rank, made], at);
  }

  /** Where a pair stands, for `rank` and `made`; −1 if the two do not join. */
  find(left: number, right: number): number {
    if (left < 0 || right < 0) return -1;
    const at = this.#slot(left, right);
    return this.#entries[at] === -1 ? -1 : at;
  }

  /** When the pair joins: the lowest first. */
  rank(pair: number): number {
    return this.#entries[pair + 2]!;
  }

  /** The symbol that it joins to. */
  made(pair: number): number {
    return this.#entries[pair + 3]!;
  }

  #slot(left: number, right: number): number {
    let slot = (Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b) >>> 7) & this.#mask;
    for (;; slot = (slot + 1) & this.#mask) {
      const at = slot * WORDS;
      if (this.#entries[at] === -1 || (this.#entries[at] === left && this.#entries[at + 1] === right)) return at;
    }
  }
}
