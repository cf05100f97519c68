import { checked } from "../checked.ts";
import { z } from "zod";
import { type BpeModel, bpeOfTokenizerJson } from "./bpe_model.ts";
import { type ByteBpeModel, byteBpeOfTokenizerJson } from "./byte_bpe_model.ts";
import { FormatError, quoted } from "../error.ts";
import { parseStrictJson } from "../strict_json.ts";
import { parseDecoder, type PieceStyle } from "./tokenizer_json_decoder.ts";
import { byteLevelPieceBytes, fallbackByte, markedPieceBytes, type Vocabulary } from "./vocabulary.ts";

/** Ids above this are taken for a fault, so that a wrong file cannot ask for a giant table. */
const MAX_ID = 2 ** 22;

const Component = z.looseObject({ type: z.string() }).nullish();
const TokenizerFile = z.looseObject({
  added_tokens: z.array(z.looseObject({
    id: z.number().int().min(0).max(MAX_ID),
    content: z.string(),
    special: z.boolean().default(false),
  })).default([]),
  normalizer: Component,
  pre_tokenizer: Component,
  post_processor: Component,
  decoder: Component,
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.custom<Record<string, unknown>>((value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
    ),
    merges: z.array(z.unknown()),
    unk_token: z.string().nullish(),
  }),
});
type TokenizerFile = z.infer<typeof TokenizerFile>;

const NORMALIZERS = ["Sequence", "Prepend", "Replace", "Strip", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "ByteLevel"];
const PRE_TOKENIZERS = ["Sequence", "Split", "ByteLevel", "Metaspace", "Digits", "Whitespace", "WhitespaceSplit"];

/** A tokenizer.json, checked. */
export interface TokenizerJson {
  readonly vocabulary: Vocabulary;
  /**
   * The same tokenizer without its special tokens and without a post-processor, as JSON text. With it, `<s>` in a
   * user's text is three characters like any other, and no id is added to what the text gives.
   */
  readonly encoderJson: Uint8Array<ArrayBuffer>;
  /** What our own encoder of LLaMA's kind is made of; undefined where text becomes ids in another way. */
  readonly bpe: BpeModel | undefined;
  /** The same of GPT-2's kind. Where both are undefined only the library knows how text becomes ids. */
  readonly byteBpe: ByteBpeModel | undefined;
}

/**
 * Reads a tokenizer.json with a BPE model, SentencePiece-style with byte fallback or byte-level.
 *
 * @param path the file, for messages
 * @throws {FormatError} when it is not valid, or of a kind that cannot be decoded here
 */
export function parseTokenizerJson(bytes: Uint8Array, path: string): TokenizerJson {
  const file = checked(TokenizerFile, parseStrictJson(bytes, path), path);
  if (file.model.type !== undefined && file.model.type !== "BPE") {
    throw new FormatError(`${path}: model.type is ${quoted(file.model.type)}; supported: "BPE"`);
  }
  checkComponent(file.normalizer, "normalizer", "normalizers", NORMALIZERS, path);
  checkComponent(file.pre_tokenizer, "pre_tokenizer", "pretokenizers", PRE_TOKENIZERS, path);
  const ids = vocabularyIds(file.model.vocab, path);
  checkMerges(file.model.merges, ids, path);
  checkUnknown(file, ids, path);
  const special = new Set(file.added_tokens.filter((token) => token.special).map((token) => token.content));
  // Added tokens that are not special are cut out of the text before anything else, which the library does.
  const plain = file.added_tokens.length === special.size;
  return {
    vocabulary: toVocabulary(file, ids, path),
    encoderJson: withoutSpecialTokens(file),
    bpe: plain ? bpeOfTokenizerJson(file, ids, special) : undefined,
    byteBpe: byteBpeOfTokenizerJson(file, ids),
  };
}

function checkComponent(
  component: { type: string; [field: string]: unknown } | null | undefined,
  name: string,
  listField: string,
  known: readonly string[],
  path: string,
): void {
  if (component === null || component === undefined) return;
  if (!known.includes(component.type)) {
    throw new FormatError(`${path}: ${name} has the type ${quoted(component.type)}; supported: ${known.join(", ")}`);
  }
  if (component.type !== "Sequence") return;
  const list = z.array(z.looseObject({ type: z.string() }));
  const items = checked(list, component[listField], `${path}: ${name}.${listField}`);
  for (const item of items) checkComponent(item, name, listField, known, path);
}

function vocabularyIds(vocab: Record<string, unknown>, path: string): Map<string, number> {
  const ids = new Map<string, number>();
  const taken = new Set<number>();
  for (const [piece, id] of Object.entries(vocab)) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > MAX_ID) {
      throw new FormatError(`${path}: piece ${quoted(piece)} has the id ${JSON.stringify(id)}; wanted 0…${MAX_ID}`);
    }
    if (taken.has(id)) throw new FormatError(`${path}: piece ${quoted(piece)} has the id ${id} of another piece`);
    taken.add(id);
    ids.set(piece, id);
  }
  if (ids.size === 0) throw new FormatError(`${path}: model.vocab is empty`);
  return ids;
}

function checkMerges(merges: readonly unknown[], ids: ReadonlyMap<string, number>, path: string): void {
  merges.forEach((merge, i) => {
    const parts: unknown = typeof merge === "string" ? merge.split(" ") : merge;
    if (!Array.isArray(parts) || parts.length !== 2 || parts.some((part) => typeof part !== "string")) {
      throw new FormatError(`${path}: merge ${i} is ${JSON.stringify(merge).slice(0, 80)}; wanted two pieces`);
    }
    for (const piece of [...parts, parts.join("")] as string[]) {
      if (!ids.has(piece)) throw new FormatError(`${path}: merge ${i} needs ${quoted(piece)}, which has no id`);
    }
  });
}

function checkUnknown(file: TokenizerFile, ids: ReadonlyMap<string, number>, path: string): void {
  const unknown = file.model.unk_token;
  if (typeof unknown === "string" && !ids.has(unknown)) {
    throw new FormatError(`${path}: model.unk_token is ${quoted(unknown)}, which has no id`);
  }
}

function toVocabulary(file: TokenizerFile, modelIds: ReadonlyMap<string, number>, path: string): Vocabulary {
  const style = parseDecoder(file.decoder, path);
  const ids = new Map(modelIds);
  const bytes: (Uint8Array | undefined)[] = [];
  for (const [piece, id] of modelIds) bytes[id] = pieceBytes(piece, style);

  const special = new Set<number>();
  for (const token of file.added_tokens) {
    const known = modelIds.get(token.content);
    if (known === undefined ? bytes[token.id] !== undefined : known !== token.id) {
      throw new FormatError(`${path}: added token ${quoted(token.content)} has the id ${token.id} of another piece`);
    }
    ids.set(token.content, token.id);
    bytes[token.id] = style.byteLevel ? new TextEncoder().encode(token.content) : markedPieceBytes(token.content);
    if (token.special) special.add(token.id);
  }
  for (let id = 0; id < bytes.length; id++) bytes[id] ??= undefined; // fills the holes of the array
  const unkId = typeof file.model.unk_token === "string" ? modelIds.get(file.model.unk_token) : undefined;
  if (unkId !== undefined) special.add(unkId);
  const idOf = (...names: string[]) => names.map((name) => ids.get(name)).find((id) => id !== undefined);
  return {
    path,
    bytes,
    ids,
    special,
    stripsLeadingSpace: style.stripsLeadingSpace,
    unkId,
    // Qwen's config.json names "<|endoftext|>", which parts its training texts, as the begin of a text too.
    bosId: idOf("<s>", "<|begin_of_text|>", "<|endoftext|>"),
    eosId: idOf("</s>", "<|end_of_text|>", "<|endoftext|>"),
    addsBos: file.post_processor == null ? undefined : beginsWithToken(file.post_processor),
  };
}

/** Whether a post-processor puts a token before a text. */
function beginsWithToken(processor: unknown): boolean {
  const Template = z.looseObject({ single: z.array(z.looseObject({ SpecialToken: z.unknown().optional() })) });
  const Sequence = z.looseObject({ processors: z.array(z.unknown()) });
  const template = Template.safeParse(processor);
  if (template.success) return template.data.single[0]?.SpecialToken !== undefined;
  const sequence = Sequence.safeParse(processor);
  return sequence.success && sequence.data.processors.some(beginsWithToken);
}

function pieceBytes(piece: string, style: PieceStyle): Uint8Array {
  if (style.byteLevel) return byteLevelPieceBytes(piece);
  const byte = style.byteFallback ? fallbackByte(piece) : undefined;
  return byte === undefined ? markedPieceBytes(piece) : Uint8Array.of(byte);
}

function withoutSpecialTokens(file: TokenizerFile): Uint8Array<ArrayBuffer> {
  const kept = file.added_tokens.filter((token) => !token.special);
  // The library numbers added tokens by counting; one that stands in the vocabulary keeps its id.
  const added = kept.map((token) => [token.content, token.id] as const);
  const vocab = Object.fromEntries([...Object.entries(file.model.vocab), ...added]);
  const record = {
    ...file,
    added_tokens: kept,
    post_processor: null,
    truncation: null,
    padding: null,
    model: { ...file.model, type: "BPE", vocab },
  };
  return new TextEncoder().encode(JSON.stringify(record));
}
