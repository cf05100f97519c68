import type { ByteBpeModel } from "../formats/tokenizer/byte_bpe_model.ts";
import { ByteNeighbours } from "./byte_neighbours.ts";
import { IdBuffer } from "./id_buffer.ts";
import { mergeSymbols } from "./merge_symbols.ts";
import { PairTable } from "./pair_table.ts";

/** Chunks of at most so many UTF-16 units are remembered, and so many of them. */
const CACHED_LENGTH = 32;
const CACHE_SIZE = 1 << 18;
/** Words of at most so many are looked up whole before they are taken apart. */
const SHORT_WORD = 16;

/**
 * Byte-pair encoding of GPT-2's kind, exact and quick: a text is cut into words, whose bytes are joined. A word falls apart
 * wherever no piece could span two neighbouring characters, as between most Chinese ones, into chunks that are encoded on
 * their own and remembered; see bpe_encoder.ts for why that changes nothing.
 */
export class ByteBpeEncoder {
  readonly #split: RegExp;
  readonly #added: RegExp | undefined;
  readonly #addedIds: ReadonlyMap<string, number>;
  readonly #composes: boolean;
  readonly #byteIds: Int32Array;
  readonly #pairs: PairTable;
  readonly #neighbours = new ByteNeighbours();
  readonly #whole: ReadonlyMap<string, number>;
  readonly #encoder = new TextEncoder();
  /** Ids of characters of one code unit that are a piece, as far as they have come up; else −1. */
  readonly #unitIds = new Int32Array(0x10000).fill(-1);
  readonly #cache = new Map<string, number | Int32Array>();
  #bytes = new Uint8Array(1 << 10);
  readonly #ids = new IdBuffer();

  constructor({ split, composes, byteIds, merges, bytesOf, whole, added }: ByteBpeModel) {
    this.#split = new RegExp(inJavaScript(split), "gu");
    // The longest first, so that a token is not taken for the beginning of another.
    const texts = [...added.keys()].sort((one, other) => other.length - one.length).map(RegExp.escape);
    this.#added = texts.length === 0 ? undefined : new RegExp(texts.join("|"), "gu");
    this.#addedIds = added;
    this.#composes = composes;
    this.#byteIds = Int32Array.from(byteIds);
    this.#whole = whole;
    this.#pairs = new PairTable(merges.length);
    for (const [rank, { left, right, made }] of merges.entries()) {
      this.#pairs.set(left, right, rank, made);
      this.#neighbours.add(bytesOf(made));
    }
  }

  /** The first `limit` ids of a text, which must be well-formed, or a few more; all of them if there are fewer. */
  encode(text: string, limit: number): Int32Array<ArrayBuffer> {
    this.#ids.clear();
    let at = 0;
    for (const { 0: token, index } of this.#added === undefined ? [] : text.matchAll(this.#added)) {
      this.#words(text.slice(at, index), limit);
      this.#ids.push(this.#addedIds.get(token)!);
      at = index + token.length;
    }
    this.#words(at === 0 ? text : text.slice(at), limit);
    return this.#ids.slice(0, limit);
  }

  #words(text: string, limit: number): void {
    const composed = this.#composes ? text.normalize("NFC") : text;
    const split = this.#split;
    split.lastIndex = 0;
    for (let found = split.exec(composed); found !== null && this.#ids.length < limit; found = split.exec(composed)) {
      this.#word(found[0]);
    }
  }

  #word(word: string): void {
    const whole = this.#whole.get(word);
    if (whole !== undefined) return this.#ids.push(whole);
    // Most words of a language with spaces are one chunk.
    if (word.length <= SHORT_WORD && this.#emitKnown(word)) return;
    let start = 0;
    let previous = word.codePointAt(0)!;
    for (let at = previous > 0xffff ? 2 : 1; at < word.length;) {
      const character = word.codePointAt(at)!;
      if (!this.#neighbours.mayJoin(previous, character)) {
        this.#chunk(word, start, at);
        start = at;
      }
      previous = character;
      at += character > 0xffff ? 2 : 1;
    }
    this.#chunk(word, start, word.length);
  }

  /** Encodes the part of a word between two places where nothing is ever joined. */
  #chunk(word: string, start: number, end: number): void {
    const single = end - start === 1;
    if (single) {
      const known = this.#unitIds[word.charCodeAt(start)]!;
      if (known >= 0) return this.#ids.push(known);
    }
    const chunk = word.slice(start, end);
    if (this.#emitKnown(chunk)) return;
    const before = this.#ids.length;
    this.#merge(chunk);
    if (single && this.#ids.length === before + 1) this.#unitIds[chunk.charCodeAt(0)] = this.#ids.at(before);
    if (chunk.length > CACHED_LENGTH) return;
    if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
    const made = this.#ids.slice(before);
    this.#cache.set(chunk, made.length === 1 ? made[0]! : made);
  }

  /** Gives the ids of a chunk that was encoded before; false if it was not. */
  #emitKnown(chunk: string): boolean {
    const known = this.#cache.get(chunk);
    if (known === undefined) return false;
    if (typeof known === "number") this.#ids.push(known);
    else {
      this.#ids.pushAll(known);
    }
    return true;
  }

  #merge(chunk: string): void {
    if (this.#bytes.length < chunk.length * 3) this.#bytes = new Uint8Array(chunk.length * 6);
    const { written } = this.#encoder.encodeInto(chunk, this.#bytes);
    const symbols = new Int32Array(written);
    for (let i = 0; i < written; i++) symbols[i] = this.#byteIds[this.#bytes[i]!]!;
    for (const symbol of mergeSymbols(symbols, this.#pairs)) if (symbol !== -2) this.#ids.push(symbol);
  }
}

/** A regular expression of Rust's with the same meaning in JavaScript, whose blanks are not quite Unicode's. */
function inJavaScript(expression: string): string {
  return expression.replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}");
}
