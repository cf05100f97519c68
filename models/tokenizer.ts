import { join } from "@std/path";
import { z } from "zod";
import { BpeEncoder } from "./bpe_encoder.ts";
import { ByteBpeEncoder } from "./byte_bpe_encoder.ts";
import type { BpeModel } from "./formats/bpe_model.ts";
import { FormatError, quoted } from "./formats/error.ts";
import { readFileIfPresent, readJsonFile } from "./formats/json_file.ts";
import { parseSentencePieceModel } from "./formats/sentencepiece_model.ts";
import { parseTokenizerJson } from "./formats/tokenizer_json.ts";
import type { Vocabulary } from "./formats/vocabulary.ts";
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
 * Loads the tokenizer of a model folder: tokenizer.json, or tokenizer.model (SentencePiece) where that is missing.
 * tokenizer_config.json names the begin and end tokens; without it the tokenizer's own file does.
 *
 * @throws {FormatError} when there is no tokenizer, or a file of it is not valid
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const jsonPath = join(directory, "tokenizer.json");
  const json = await readFileIfPresent(jsonPath, MAX_FILE_BYTES);
  if (json !== undefined) {
    const { vocabulary, encoderJson, bpe, byteBpe } = parseTokenizerJson(json, jsonPath);
    const settings = await readSettings(directory, vocabulary);
    if (bpe !== undefined) return new Tokenizer(vocabulary, settings, new BpeEncoder(bpe), bpe);
    if (byteBpe !== undefined) return new Tokenizer(vocabulary, settings, new ByteBpeEncoder(byteBpe));
    const { loadLibraryEncoder } = await import("./library_encoder.ts");
    return new Tokenizer(vocabulary, settings, await loadLibraryEncoder("fromJSON", encoderJson, jsonPath));
  }
  const modelPath = join(directory, "tokenizer.model");
  const model = await readFileIfPresent(modelPath, MAX_FILE_BYTES);
  if (model === undefined) {
    throw new FormatError(`${directory} has no tokenizer: looked for tokenizer.json and tokenizer.model`);
  }
  const { vocabulary, bpe } = parseSentencePieceModel(model, modelPath);
  const settings = await readSettings(directory, vocabulary);
  if (bpe !== undefined) return new Tokenizer(vocabulary, settings, new BpeEncoder(bpe), bpe);
  const { loadLibraryEncoder } = await import("./library_encoder.ts");
  const encoder = await loadLibraryEncoder("fromSentencePiece", model, modelPath);
  if (encoder.getVocabSize() !== vocabulary.bytes.length) {
    encoder.dispose();
    throw new FormatError(`${modelPath} could not be loaded by the tokenizer library`);
  }
  return new Tokenizer(vocabulary, settings, encoder);
}

/** Text to token ids and back. May hold WebAssembly memory until it is disposed. */
export class Tokenizer implements Disposable {
  /** The highest id plus one; a model's embedding needs at least so many rows. */
  readonly vocabularySize: number;
  /** Begins a text. */
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

  /** Use {@linkcode loadTokenizer}. */
  constructor(vocabulary: Vocabulary, settings: TokenizerSettings, encoder: Encoder, bpe?: BpeModel) {
    this.#special = new Set([...vocabulary.special, settings.bosId, settings.eosId]);
    this.#vocabulary = { ...vocabulary, special: this.#special };
    this.#encoder = encoder;
    this.spelling = bpe === undefined ? undefined : spellingOf(vocabulary, bpe.leadingSpace);
    this.controls = new Map([...vocabulary.ids].filter(([, id]) => this.#special.has(id)));
    this.chatTemplate = settings.chatTemplate;
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

const TokenName = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const TokenizerConfig = z.looseObject({
  bos_token: TokenName.nullish(),
  eos_token: TokenName.nullish(),
  chat_template: z.union([
    z.string(),
    z.array(z.looseObject({ name: z.string(), template: z.string() })),
  ]).nullish(),
});

/** What is known of a tokenizer beside its vocabulary. */
interface TokenizerSettings {
  readonly bosId: number;
  readonly eosId: number;
  readonly chatTemplate: string | undefined;
}

/** tokenizer_config.json, and chat_template.jinja where that has the template. */
async function readSettings(directory: string, vocabulary: Vocabulary): Promise<TokenizerSettings> {
  const path = join(directory, "tokenizer_config.json");
  const parsed = TokenizerConfig.safeParse(await readJsonFile(path) ?? {});
  if (!parsed.success) throw new FormatError(`${path}: ${z.prettifyError(parsed.error)}`);
  const { chat_template } = parsed.data;
  const inConfig = Array.isArray(chat_template)
    ? chat_template.find(({ name }) => name === "default")?.template
    : chat_template;
  const file = await readFileIfPresent(join(directory, "chat_template.jinja"), MAX_FILE_BYTES);
  const limit = (field: "bos_token" | "eos_token", own: number | undefined): number => {
    const name = parsed.data[field];
    if (name) { // some old folders have an empty string here
      const id = vocabulary.ids.get(name);
      if (id === undefined) throw new FormatError(`${path}: ${field} is ${quoted(name)}, not in ${vocabulary.path}`);
      return id;
    }
    if (own === undefined) {
      throw new FormatError(`${path}: ${field} is missing, and ${vocabulary.path} has none either`);
    }
    return own;
  };
  return {
    bosId: limit("bos_token", vocabulary.bosId),
    eosId: limit("eos_token", vocabulary.eosId),
    chatTemplate: file === undefined ? inConfig ?? undefined : new TextDecoder().decode(file),
  };
}
