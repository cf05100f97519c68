import { join } from "@std/path";
import { anyOf, withAddedTokens } from "./added_tokens.ts";
import { BpeEncoder } from "./bpe_encoder.ts";
import { ByteBpeEncoder } from "./byte_bpe_encoder.ts";
import type { BpeModel } from "../formats/tokenizer/bpe_model.ts";
import { FormatError } from "../formats/error.ts";
import type { GenerationConfig } from "../formats/generation_config.ts";
import { readFileIfPresent } from "../formats/json_file.ts";
import { parseSentencePieceModel } from "../formats/tokenizer/sentencepiece_model.ts";
import { parseTokenizerJson } from "../formats/tokenizer/tokenizer_json.ts";
import {
  type NamedTemplate,
  readAddedTokens,
  readTokenizerSettings,
  type TokenizerSettings,
} from "../formats/tokenizer/tokenizer_settings.ts";
import type { Vocabulary } from "../formats/tokenizer/vocabulary.ts";
import { decodeIds, idBytes, TokenStream } from "./token_decoder.ts";

export type { TokenStream } from "./token_decoder.ts";

const MAX_FILE_BYTES = 200_000_000;

/** Text, well-formed, to ids. */
interface Encoder {
  /** The first `limit` ids, or more. */
  encode(text: string, limit: number): Int32Array<ArrayBuffer>;
  dispose?(): void;
}

/** How ids spell a text, so that places in one can be found in the other. */
export interface Spelling {
  /** Bytes that ids stand for before those of the text: 1 where a space is put before it, else 0. */
  readonly lead: number;
  /** Bytes that an id stands for. */
  bytesOf(id: number): number;
  /** Bytes that the ids of a text stand for, without the lead. */
  bytesIn(text: string): number;
}

/**
 * Loads the tokenizer of a model folder: tokenizer.json, or tokenizer.model (SentencePiece) where that is missing, with
 * the tokens that the folder adds to it. tokenizer_config.json names the begin and end tokens; without it the tokenizer's
 * own file does.
 *
 * @throws {FormatError} when there is no tokenizer, or a file of it is not valid
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const jsonPath = join(directory, "tokenizer.json");
  const json = await readFileIfPresent(jsonPath, MAX_FILE_BYTES);
  if (json !== undefined) {
    const { vocabulary, encoderJson, bpe, byteBpe } = parseTokenizerJson(json, jsonPath);
    const settings = await readTokenizerSettings(directory, vocabulary);
    if (bpe !== undefined) return new Tokenizer(vocabulary, settings, new BpeEncoder(bpe), bpe);
    if (byteBpe !== undefined) return new Tokenizer(vocabulary, settings, new ByteBpeEncoder(byteBpe));
    const { loadLibraryEncoder } = await import("./library_encoder.ts");
    return new Tokenizer(vocabulary, settings, await loadLibraryEncoder("fromJSON", encoderJson, jsonPath));
  }
  const modelPath = join(directory, "tokenizer.model");
  const model = await readFileIfPresent(modelPath, MAX_FILE_BYTES);
  if (model === undefined) {
    throw new FormatError(`${directory} has no tokenizer: looked for tokenizer.json and tokenizer.model`, {
      kind: "notModel",
    });
  }
  const { vocabulary: pieces, bpe } = parseSentencePieceModel(model, modelPath);
  const added = await readAddedTokens(directory);
  const vocabulary = withAddedTokens(pieces, added);
  const settings = await readTokenizerSettings(directory, vocabulary);
  const plain = added.filter(({ special }) => !special);
  if (bpe !== undefined) {
    const own = new BpeEncoder(bpe);
    if (plain.length > 0) return new Tokenizer(vocabulary, settings, new CuttingEncoder(own, plain));
    return new Tokenizer(vocabulary, settings, own, bpe);
  }
  const { loadLibraryEncoder } = await import("./library_encoder.ts");
  const encoder = await loadLibraryEncoder("fromSentencePiece", model, modelPath);
  if (encoder.getVocabSize() !== pieces.bytes.length) {
    encoder.dispose();
    throw new FormatError(`${modelPath} could not be loaded by the tokenizer library`);
  }
  return new Tokenizer(vocabulary, settings, plain.length > 0 ? new CuttingEncoder(encoder, plain) : encoder);
}

/** Cuts added tokens that stand for text out of it, and leaves what is between them to another encoder. */
class CuttingEncoder implements Encoder {
  readonly #encoder: Encoder;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pattern: RegExp;

  constructor(encoder: Encoder, tokens: readonly { readonly id: number; readonly content: string }[]) {
    this.#encoder = encoder;
    this.#ids = new Map(tokens.map(({ id, content }) => [content, id]));
    this.#pattern = anyOf(this.#ids.keys());
  }

  encode(text: string, limit: number): Int32Array<ArrayBuffer> {
    const parts = text.split(this.#pattern).filter((part) => part !== "");
    return Int32Array.from(parts.flatMap((part) => this.#ids.get(part) ?? [...this.#encoder.encode(part, limit)]));
  }

  dispose(): void {
    this.#encoder.dispose?.();
  }
}

/** Text to token ids and back. May hold WebAssembly memory until it is disposed. */
export class Tokenizer implements Disposable {
  /** The highest id plus one; a model's embedding needs at least so many rows. */
  readonly vocabularySize: number;
  /** Begins a text where one is to begin with something. */
  readonly bosId: number;
  /** Ends a text. */
  readonly eosId: number;
  /** Stands for what the vocabulary cannot spell; undefined when it can spell everything. */
  readonly unkId: number | undefined;
  readonly #vocabulary: Vocabulary;
  readonly #special: ReadonlySet<number>;
  readonly #encoder: Encoder;
  /** How ids spell texts; undefined where that is not known to be exact. */
  readonly spelling: Spelling | undefined;
  /** Ids of control tokens, such as begin and end, by their text. */
  readonly controls: ReadonlyMap<string, number>;
  /** The chat template that comes with the tokenizer, in Jinja; undefined if there is none. */
  readonly chatTemplate: string | undefined;
  /** Further chat templates by name. */
  readonly otherTemplates: readonly NamedTemplate[];
  /** Text of the begin token; undefined for a tokenizer that has none. */
  readonly bosToken: string | undefined;
  /** What the tokenizer puts before a text, as in transformers: the begin id or nothing. */
  readonly startIds: readonly number[];
  /** What the model's publisher says of generation. */
  readonly generation: GenerationConfig;
  readonly #controlPattern: RegExp;

  /** Use {@linkcode loadTokenizer}. */
  constructor(vocabulary: Vocabulary, settings: TokenizerSettings, encoder: Encoder, bpe?: BpeModel) {
    this.#special = new Set([...vocabulary.special, settings.bosId, settings.eosId]);
    this.#vocabulary = { ...vocabulary, special: this.#special };
    this.#encoder = encoder;
    this.spelling = bpe === undefined ? undefined : spellingOf(vocabulary, bpe.leadingSpace);
    this.controls = new Map([...vocabulary.ids].filter(([, id]) => this.#special.has(id)));
    this.#controlPattern = anyOf(this.controls.keys());
    this.chatTemplate = settings.chatTemplate;
    this.otherTemplates = settings.otherTemplates;
    this.bosToken = settings.hasBos ? this.#textOf(settings.bosId) : undefined;
    this.startIds = settings.addsBos ? [settings.bosId] : [];
    this.generation = settings.generation;
    this.vocabularySize = vocabulary.bytes.length;
    this.bosId = settings.bosId;
    this.eosId = settings.eosId;
    this.unkId = vocabulary.unkId;
  }

  /**
   * The ids of a text. No begin or end id is added, and none can come out of the text: `</s>` in it is four
   * characters. Lone surrogates become U+FFFD.
   *
   * @param limit how many ids are wanted at most: the first of them
   */
  encode(text: string, limit = Infinity): Int32Array<ArrayBuffer> {
    const ids = this.#encoder.encode(text.toWellFormed(), limit);
    return ids.length > limit ? ids.slice(0, limit) : ids;
  }

  /**
   * The ids of a raw text as transformers gives them: what the tokenizer puts before a text, then the text, in which
   * control tokens such as `</s>` are control tokens. An empty text of a tokenizer that puts nothing before begins with
   * the begin id all the same, since there is no going on from nothing.
   */
  encodeRaw(text: string): number[] {
    const parts = text.toWellFormed().split(this.#controlPattern).filter((part) => part !== "");
    const ids = parts.flatMap((part) => this.controls.get(part) ?? [...this.encode(part)]);
    return ids.length === 0 ? [this.bosId] : [...this.startIds, ...ids];
  }

  /**
   * The text of ids. Special ids are skipped; bytes that form no character become U+FFFD.
   *
   * @throws {RangeError} for an id that is not in the vocabulary
   */
  decode(ids: Iterable<number>): string {
    return decodeIds(this.#vocabulary, ids);
  }

  /**
   * Starts decoding ids that arrive one by one. All that it gives, joined, is what {@linkcode decode} gives.
   *
   * @param continues true when the ids go on from earlier text, so that a leading space counts
   */
  stream(continues = false): TokenStream {
    return new TokenStream(this.#vocabulary, !continues);
  }

  /**
   * The bytes of text that an id stands for, perhaps a part of a character; special ids have none.
   *
   * @throws {RangeError} for an id that is not in the vocabulary
   */
  bytesOf(id: number): Uint8Array {
    return idBytes(this.#vocabulary, id);
  }

  /** True for ids that stand for no text, such as begin and end. */
  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }

  #textOf(id: number): string | undefined {
    return [...this.controls].find(([, each]) => each === id)?.[0];
  }

  /** Frees the encoder. Decoding goes on working. */
  dispose(): void {
    this.#encoder.dispose?.();
  }

  /** Frees the encoder. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function spellingOf({ bytes }: Vocabulary, leadingSpace: boolean): Spelling {
  const lengths = Uint16Array.from(bytes, (each) => each?.length ?? 0);
  return { lead: leadingSpace ? 1 : 0, bytesOf: (id) => lengths[id]!, bytesIn: spelledBytes };
}

/** UTF-8 bytes of a text in which "▁" is a space. */
function spelledBytes(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80 || unit === 0x2581) bytes++;
    else if (unit < 0x800 || (unit & 0xf800) === 0xd800) bytes += 2; // a surrogate pair is 4 bytes
    else bytes += 3;
  }
  return bytes;
}
