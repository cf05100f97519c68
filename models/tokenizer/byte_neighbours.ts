/** Bits of the filter of neighbours. */
const FILTER_BITS = 21;
/** Bits of the number of pairs whose answers are remembered. */
const ASKED_BITS = 15;
/** Parts the two sides of a place; no byte. */
const BETWEEN = "\u0100";

/**
 * Which characters can ever be joined across the place between them, by merges of bytes: those of which a piece holds
 * the last bytes of the one (or all of them) and then the first bytes of the other (or all).
 */
export class ByteNeighbours {
  /** Whole neighbours that stand side by side in a piece. */
  readonly #filter = new Uint8Array(1 << (FILTER_BITS - 3));
  /** Places in pieces of which one side is a part of a character, as bytes: few, at the ends of pieces. */
  readonly #partial = new Set<string>();
  /** The bytes before and behind such a place: a first, quick question. */
  readonly #partialBytes = new Uint8Array(0x10000);

  /** Pairs that were looked for among those places, each at its place in this table, and what was found. */
  readonly #asked = new Float64Array(1 << ASKED_BITS).fill(-1);
  readonly #answers = new Uint8Array(1 << ASKED_BITS);

  /** Adds a piece that merges can make. */
  add(bytes: Uint8Array): void {
    let start = 0;
    let before: Uint8Array | undefined;
    for (let at = 1; at <= bytes.length; at++) {
      if (at < bytes.length && (bytes[at]! & 0xc0) === 0x80) continue;
      const character = bytes.subarray(start, at);
      if (before !== undefined) this.#addPlace(before, character);
      before = character;
      start = at;
    }
  }

  #addPlace(left: Uint8Array, right: Uint8Array): void {
    const [one, other] = [codePointOf(left), codePointOf(right)];
    if (one !== undefined && other !== undefined) {
      const bit = filterBit(one, other);
      this.#filter[bit >> 3]! |= 1 << (bit & 7);
    } else {
      this.#partial.add(latin(left) + BETWEEN + latin(right));
      this.#partialBytes[left.at(-1)! << 8 | right[0]!] = 1;
    }
  }

  /**
   * Whether two characters, given as code points, may be joined when one follows the other. A yes may be a mistake, a no
   * never is.
   */
  mayJoin(left: number, right: number): boolean {
    const bit = filterBit(left, right);
    if ((this.#filter[bit >> 3]! >> (bit & 7) & 1) === 1) return true;
    return this.#partialBytes[lastByte(left) << 8 | firstByte(right)] === 1 && this.#joinPartly(left, right);
  }

  #joinPartly(left: number, right: number): boolean {
    const pair = left * 0x110000 + right;
    const place = hash(left, right) >>> (32 - ASKED_BITS);
    if (this.#asked[place] !== pair) {
      this.#asked[place] = pair;
      this.#answers[place] = this.#findPartial(left, right) ? 1 : 0;
    }
    return this.#answers[place] === 1;
  }

  #findPartial(left: number, right: number): boolean {
    const one = latin(utf8(left));
    const other = latin(utf8(right));
    for (let from = 0; from < one.length; from++) {
      for (let to = 1; to <= other.length; to++) {
        if (this.#partial.has(one.slice(from) + BETWEEN + other.slice(0, to))) return true;
      }
    }
    return false;
  }
}

function hash(left: number, right: number): number {
  return Math.imul(Math.imul(left, 0x9e3779b1) + right, 0x85ebca6b);
}

function filterBit(left: number, right: number): number {
  return hash(left, right) >>> (32 - FILTER_BITS);
}

function firstByte(character: number): number {
  if (character < 0x80) return character;
  if (character < 0x800) return 0xc0 | character >> 6;
  return character < 0x10000 ? 0xe0 | character >> 12 : 0xf0 | character >> 18;
}

function lastByte(character: number): number {
  return character < 0x80 ? character : 0x80 | character & 0x3f;
}

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The character that bytes spell; undefined if they are a part of one. */
function codePointOf(bytes: Uint8Array): number | undefined {
  if (bytes.length === 1) return bytes[0]! < 0x80 ? bytes[0] : undefined;
  try {
    return DECODER.decode(bytes).codePointAt(0);
  } catch {
    return undefined;
  }
}

function utf8(codePoint: number): Uint8Array {
  return new TextEncoder().encode(String.fromCodePoint(codePoint));
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
