// A walk over Thrift's compact protocol, in which Parquet's directory and page headers are written, before they are parsed:
// a list that says it has a billion elements, or structures in one another without end, would take all memory.

/** Nesting that no header of Parquet comes near. */
const MAX_DEPTH = 32;

const [STOP, TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, STRUCT] = [0, 1, 2, 3, 7, 8, 9, 12];

/**
 * Checks that a structure ends within the bytes, so that all its lists do. Each element takes a byte at least, so what is
 * parsed afterwards is no larger than a constant times the bytes.
 *
 * @returns where it ends
 * @throws {Error} when it does not
 */
export function checkThrift(bytes: Uint8Array, at: number): number {
  return new Walk(bytes, at).struct(0);
}

class Walk {
  constructor(readonly bytes: Uint8Array, private at: number) {}

  struct(depth: number): number {
    if (depth > MAX_DEPTH) throw new Error("its headers are nested too deeply");
    for (;;) {
      const byte = this.#byte();
      if ((byte & 0x0f) === STOP) return this.at;
      if (byte >> 4 === 0) this.#varint();
      // A field that is true or false has that as its type.
      if ((byte & 0x0f) !== TRUE && (byte & 0x0f) !== FALSE) this.#element(byte & 0x0f, depth);
    }
  }

  #element(type: number, depth: number): void {
    switch (type) {
      case TRUE: // in a list, where each is a byte
      case FALSE:
      case BYTE:
        return this.#skip(1);
      case DOUBLE:
        return this.#skip(8);
      case BINARY:
        return this.#skip(this.#varint());
      case STRUCT:
        this.struct(depth + 1);
        return;
      case LIST: {
        if (depth >= MAX_DEPTH) throw new Error("its headers are nested too deeply");
        const byte = this.#byte();
        const count = byte >> 4 === 15 ? this.#varint() : byte >> 4;
        for (let i = 0; i < count; i++) this.#element(byte & 0x0f, depth + 1);
        return;
      }
      default: // whole numbers; what else there is, the parser refuses
        this.#varint();
    }
  }

  #byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error("a header ends early");
    return byte;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error("a header has a number that is too long");
  }

  #skip(count: number): void {
    this.at += count;
    if (this.at > this.bytes.length) throw new Error("a header ends early");
  }
}
