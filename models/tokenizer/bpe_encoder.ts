import type { BpeModel } from "../formats/tokenizer/bpe_model.ts";
import { IdBuffer } from "./id_buffer.ts";
import { mergeSymbols } from "./merge_symbols.ts";
import { PairTable } from "./pair_table.ts";

const MARK = 0x2581;
const SPACE = 0x20;
/** Chunks of at most so many UTF-16 units are remembered, and so many of them. */
const CACHED_LENGTH = 32;
const CACHE_SIZE = 1 << 18;
/** Bits of the filter of neighbours. */
const FILTER_BITS = 21;

/**
 * Byte-pair encoding of LLaMA's kind, exact and quick. Two neighbouring characters that stand side by side in no piece
 * can never be joined, whatever is around them: every merge makes a piece, and a piece that spans both would hold the
 * two side by side. So a text falls apart at all such places (before most spaces, between most Chinese characters) into
 * chunks that are encoded on their own and remembered.
 */
export class BpeEncoder {
  readonly #leadingSpace: boolean;
  /** Id of a symbol of one character, by code unit; −1 where it has none. */
  readonly #unitSymbols = new Int32Array(0x10000).fill(-1);
  readonly #symbols = new Map<string, number>();
  /** Symbols from here on are characters without an id. */
  readonly #firstNameless: number;
  readonly #nameless: string[] = [];
  readonly #pairs: PairTable;
  /** 1 where a character (by its low 16 bits) begins, 2 where it ends a pair of neighbours in a piece. */
  readonly #sides = new Uint8Array(0x10000);
  readonly #filter = new Uint8Array(1 << (FILTER_BITS - 3));
  readonly #byteIds: Int32Array;
  readonly #utf8 = new Uint8Array(4);
  readonly #encoder = new TextEncoder();
  readonly #cache = new Map<string, number | Int32Array>();
  readonly #ids = new IdBuffer();

  constructor({ pieces, merges, byteIds, leadingSpace }: BpeModel) {
    this.#leadingSpace = leadingSpace;
    this.#byteIds = Int32Array.from(byteIds);
    this.#firstNameless = [...pieces.values(), ...byteIds].reduce((most, id) => Math.max(most, id), -1) + 1;
    for (const [piece, id] of pieces) this.#addSymbol(piece, id);
    this.#pairs = new PairTable(merges.length);
    for (const { left, right, rank } of merges) {
      const made = left + right;
      this.#pairs.set(this.#symbol(left), this.#symbol(right), rank, this.#symbol(made));
      this.#addNeighbours(made);
    }
  }

  /** The first `limit` ids of a text, which must be well-formed; all of them if there are fewer. */
  encode(text: string, limit: number): Int32Array<ArrayBuffer> {
    this.#ids.clear();
    let previous = this.#leadingSpace && text !== "" ? MARK : -1;
    // The space before the text is at −1.
    let start = previous < 0 ? 0 : -1;
    for (let at = 0; at < text.length && this.#ids.length < limit;) {
      const unit = text.charCodeAt(at);
      const wide = (unit & 0xfc00) === 0xd800;
      const character = unit === SPACE ? MARK : wide ? text.codePointAt(at)! : unit;
      if (previous >= 0 && !this.#mayJoin(previous, character)) {
        this.#chunk(text, start, at);
        start = at;
      }
      previous = character;
      at += wide ? 2 : 1;
    }
    if (previous >= 0 && this.#ids.length < limit) this.#chunk(text, start, text.length);
    return this.#ids.slice(0, limit);
  }

  #symbol(text: string): number {
    return this.#symbols.get(text) ?? this.#addSymbol(text, this.#firstNameless + this.#nameless.push(text) - 1);
  }

  #addSymbol(text: string, symbol: number): number {
    this.#symbols.set(text, symbol);
    if (text.length === 1) this.#unitSymbols[text.charCodeAt(0)] = symbol;
    return symbol;
  }

  #addNeighbours(piece: string): void {
    let previous = -1;
    for (const each of piece) {
      const character = each.codePointAt(0)!;
      if (previous >= 0) {
        this.#sides[previous & 0xffff]! |= 1;
        this.#sides[character & 0xffff]! |= 2;
        const bit = filterBit(previous, character);
        this.#filter[bit >> 3]! |= 1 << (bit & 7);
      }
      previous = character;
    }
  }

  /** False if no piece holds the two side by side; true may be a mistake, which only makes a chunk longer. */
  #mayJoin(left: number, right: number): boolean {
    if ((this.#sides[left & 0xffff]! & 1) === 0 || (this.#sides[right & 0xffff]! & 2) === 0) return false;
    const bit = filterBit(left, right);
    return (this.#filter[bit >> 3]! >> (bit & 7) & 1) === 1;
  }

  /** Encodes the part of a text between two places where nothing is ever joined; −1 is the space before it. */
  #chunk(text: string, start: number, end: number): void {
    if (end - start === 1) {
      const unit = start < 0 ? MARK : text.charCodeAt(start);
      this.#emit(this.#unitSymbols[unit === SPACE ? MARK : unit]!, unit);
      return;
    }
    const chunk = start < 0 ? " " + text.slice(0, end) : text.slice(start, end);
    const known = this.#cache.get(chunk);
    if (typeof known === "number") {
      this.#ids.push(known);
      return;
    }
    if (known !== undefined) {
      this.#ids.pushAll(known);
      return;
    }
    const before = this.#ids.length;
    this.#merge(chunk.replaceAll(" ", "▁"));
    if (chunk.length > CACHED_LENGTH) return;
    if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
    const made = this.#ids.slice(before);
    this.#cache.set(chunk, made.length === 1 ? made[0]! : made);
  }

  /** Byte-pair encoding proper: joins the pair of the lowest rank, leftmost first, until none is left. */
  #merge(chunk: string): void {
    const characters = [...chunk];
    const symbols = Int32Array.from(characters, (each) => this.#symbols.get(each) ?? -1);
    const joined = mergeSymbols(symbols, this.#pairs);
    for (let at = 0; at < joined.length; at++) {
      // A symbol that is not there any more was joined to the one before it.
      if (joined[at] !== -2) this.#emit(joined[at]!, characters[at]!.codePointAt(0)!);
    }
  }

  #emit(symbol: number, character: number): void {
    if (symbol >= 0 && symbol < this.#firstNameless) {
      this.#ids.push(symbol);
      return;
    }
    const { written } = this.#encoder.encodeInto(String.fromCodePoint(character), this.#utf8);
    for (let at = 0; at < written; at++) this.#ids.push(this.#byteIds[this.#utf8[at]!]!);
  }
}

function filterBit(left: number, right: number): number {
  return Math.imul(Math.imul(left, 0x9e3779b1) + right, 0x85ebca6b) >>> (32 - FILTER_BITS);
}
