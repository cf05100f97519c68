/** Holds the bytes of an unfinished row between two pieces of a file; grows by doubling, so long rows stay cheap. */
export class CarryBuffer {
  #bytes: Uint8Array = new Uint8Array();
  #length = 0;

  /** How many bytes are held. */
  get length(): number {
    return this.#length;
  }

  /** The held bytes with a piece behind them, valid until the next call. */
  join(piece: Uint8Array): Uint8Array {
    if (this.#length === 0) return piece;
    this.#reserve(this.#length + piece.length);
    this.#bytes.set(piece, this.#length);
    return this.#bytes.subarray(0, this.#length + piece.length);
  }

  /** Holds these bytes and no others; they may be part of what `join` returned. */
  keep(rest: Uint8Array): void {
    this.#length = 0;
    this.#reserve(rest.length);
    this.#bytes.set(rest);
    this.#length = rest.length;
  }

  #reserve(capacity: number): void {
    if (capacity <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(capacity, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
