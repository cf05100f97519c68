/** Words of 32 bits in a digest. */
const WORDS = 4;

/**
 * A set of 128-bit digests in one typed array (open addressing), at 16 bytes a slot and at most 3/4 full: a million
 * digests take 32 MiB, where a set of strings would take several times that.
 */
export class DigestSet {
  #slots: Uint32Array = new Uint32Array(1024 * WORDS);
  readonly #words = new Uint32Array(WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  #size = 0;

  /** How many digests it holds. */
  get size(): number {
    return this.#size;
  }

  /** Adds the first 16 bytes of a digest; false if they were there already. */
  add(digest: Uint8Array): boolean {
    if ((this.#size + 1) * 4 > (this.#slots.length / WORDS) * 3) this.#grow();
    const words = this.#words;
    this.#bytes.set(digest.subarray(0, WORDS * 4));
    // All zeroes marks a free slot.
    if (isFree(words, 0)) words[0] = 1;
    const added = insert(this.#slots, words);
    if (added) this.#size++;
    return added;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#slots.length * 2);
    for (let at = 0; at < this.#slots.length; at += WORDS) {
      const words = this.#slots.subarray(at, at + WORDS);
      if (!isFree(this.#slots, at)) insert(larger, words);
    }
    this.#slots = larger;
  }
}

function insert(slots: Uint32Array, words: Uint32Array): boolean {
  const mask = slots.length / WORDS - 1;
  for (let slot = words[0]! & mask;; slot = (slot + 1) & mask) {
    const at = slot * WORDS;
    if (isFree(slots, at)) {
      slots.set(words, at);
      return true;
    }
    if (
      slots[at] === words[0] && slots[at + 1] === words[1] && slots[at + 2] === words[2] && slots[at + 3] === words[3]
    ) return false;
  }
}

function isFree(slots: Uint32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0;
}
