/** Ids one behind the other, in memory that grows and is used again. */
export class IdBuffer {
  #ids = new Int32Array(1 << 12);
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Forgets all. */
  clear(): void {
    this.#length = 0;
  }

  /** The id at an index below the length. */
  at(index: number): number {
    return this.#ids[index]!;
  }

  /** Adds an id. */
  push(id: number): void {
    if (this.#length === this.#ids.length) this.#reserve(1);
    this.#ids[this.#length++] = id;
  }

  /** Adds ids. */
  pushAll(ids: Int32Array): void {
    this.#reserve(ids.length);
    this.#ids.set(ids, this.#length);
    this.#length += ids.length;
  }

  /** A copy of the ids from `start` to `end`, or to the last. */
  slice(start: number, end: number = this.#length): Int32Array<ArrayBuffer> {
    return this.#ids.slice(start, Math.min(end, this.#length));
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#ids.length) return;
    const larger = new Int32Array(Math.max(this.#ids.length * 2, this.#length + count));
    larger.set(this.#ids);
    this.#ids = larger;
  }
}
