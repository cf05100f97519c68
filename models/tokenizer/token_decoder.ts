import type { Vocabulary } from "../formats/tokenizer/vocabulary.ts";

/** Turns ids into text one by one. It gives whole characters only: one that spans three ids appears with the third. */
export class TokenStream {
  readonly #vocabulary: Vocabulary;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #atStart: boolean;

  /** @param atStart true when the first id starts the text, and its leading space is not part of the text */
  constructor(vocabulary: Vocabulary, atStart: boolean) {
    this.#vocabulary = vocabulary;
    this.#atStart = atStart && vocabulary.stripsLeadingSpace;
  }

  /**
   * The text that this id completes; often empty. Special ids have none.
   *
   * @throws {RangeError} when the id is not in the vocabulary
   */
  push(id: number): string {
    const bytes = idBytes(this.#vocabulary, id);
    return bytes.length === 0 ? "" : this.#trimmed(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The text that is left: U+FFFD when a character was never completed. */
  end(): string {
    return this.#trimmed(this.#decoder.decode());
  }

  #trimmed(text: string): string {
    if (!this.#atStart || text === "") return text;
    this.#atStart = false;
    return text.startsWith(" ") ? text.slice(1) : text;
  }
}

const NOTHING = new Uint8Array();

/**
 * The bytes of text that an id stands for, perhaps a part of a character; special ids have none.
 *
 * @throws {RangeError} when the id is not in the vocabulary
 */
export function idBytes(vocabulary: Vocabulary, id: number): Uint8Array {
  const bytes = vocabulary.bytes[id];
  if (bytes === undefined) throw new RangeError(`Cannot decode token id ${id}: ${vocabulary.path} has no such id`);
  return vocabulary.special.has(id) ? NOTHING : bytes;
}

/** The text of ids; what a {@linkcode TokenStream} gives, joined. */
export function decodeIds(vocabulary: Vocabulary, ids: Iterable<number>): string {
  const stream = new TokenStream(vocabulary, true);
  let text = "";
  for (const id of ids) text += stream.push(id);
  return text + stream.end();
}
