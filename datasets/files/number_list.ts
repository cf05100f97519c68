/** A growing list of numbers in a typed array: 8 bytes a number, exact up to 2⁵³. */
export class NumberList {
  #values = new Float64Array(1024);
  #length = 0;

  /** How many numbers it holds. */
  get length(): number {
    return this.#length;
  }

  /** Appends a number. */
  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** The number at an index. */
  at(index: number): number {
    if (index < 0 || index >= this.#length) {
      throw new RangeError(`index: wanted 0 … ${this.#length - 1}, found ${index}`);
    }
    return this.#values[index]!;
  }
}
