import { type BpeModel, bpeOfScores, byteIdsOf } from "./bpe_model.ts";
import { FormatError, quoted } from "../error.ts";
import { floatField, integerField, messageField, messageFields, readMessage } from "./protobuf.ts";
import { fallbackByte, markedPieceBytes, type Vocabulary } from "./vocabulary.ts";

/** Field numbers of sentencepiece_model.proto. */
const PIECES = 1, TRAINER = 2, NORMALIZER = 3;
const PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3;
const MODEL_TYPE = 3, SPACE_AS_SUFFIX = 24, BYTE_FALLBACK = 35, UNK_ID = 40, BOS_ID = 41, EOS_ID = 42;
const CHARACTER_MAP = 2, ADD_DUMMY_PREFIX = 3, REMOVE_EXTRA_SPACES = 4, ESCAPE_SPACES = 5;

/** Values of PIECE_TYPE. */
const NORMAL = 1, UNKNOWN = 2, CONTROL = 3, BYTE = 6;

/** A tokenizer.model, checked. */
export interface SentencePieceModel {
  readonly vocabulary: Vocabulary;
  /** What our own encoder is made of; undefined where only the library knows how text becomes ids. */
  readonly bpe: BpeModel | undefined;
}

/**
 * Reads a SentencePiece tokenizer.model. The library that encodes with it accepts any bytes in silence, so everything
 * that it will rely on is checked here.
 *
 * @param path the file, for messages
 * @throws {FormatError} when it is not a SentencePiece model of the kinds BPE and unigram
 */
export function parseSentencePieceModel(bytes: Uint8Array, path: string): SentencePieceModel {
  const where = `${path} is not a SentencePiece model`;
  const model = readMessage(bytes, where);
  const trainer = messageField(model, TRAINER, where);
  const type = integerField(trainer, MODEL_TYPE, where) ?? 1;
  if (type !== 1 && type !== 2) throw new FormatError(`${path}: model type ${type}; supported: unigram (1), BPE (2)`);
  if (integerField(trainer, SPACE_AS_SUFFIX, where)) {
    throw new FormatError(`${path}: treat_whitespace_as_suffix is set, which is not supported`);
  }

  const pieces: (Uint8Array | undefined)[] = [];
  const ids = new Map<string, number>();
  const special = new Set<number>();
  const unknown: number[] = [];
  const normal: { text: string; id: number; score: number }[] = [];
  let plain = type === 2;
  for (const [id, { text, kind, score }] of readPieces(model, where).entries()) {
    if (ids.has(text)) throw new FormatError(`${where}: piece ${id}, ${quoted(text)}, is there twice`);
    ids.set(text, id);
    if (kind === NORMAL) normal.push({ text, id, score });
    if (kind === UNKNOWN) unknown.push(id);
    if (![NORMAL, UNKNOWN, CONTROL, BYTE].includes(kind)) plain = false;
    if (kind === UNKNOWN || kind === CONTROL) special.add(id);
    const byte = kind === BYTE ? fallbackByte(text) : undefined;
    if (kind === BYTE && byte === undefined) {
      throw new FormatError(`${where}: piece ${id}, ${quoted(text)}, should be a byte like "<0x0A>"`);
    }
    pieces.push(byte === undefined ? markedPieceBytes(text) : Uint8Array.of(byte));
  }
  if (unknown.length !== 1) throw new FormatError(`${where}: it has ${unknown.length} unknown pieces; wanted one`);

  const controlId = (field: number, otherwise: number) => {
    const id = integerField(trainer, field, where) ?? otherwise;
    return special.has(id) ? id : undefined;
  };
  const normalizer = messageField(model, NORMALIZER, where);
  const leadingSpace = integerField(normalizer, ADD_DUMMY_PREFIX, where) !== 0;
  const byteIds = byteIdsOf(ids);
  const charactersKept = !hasBytes(normalizer.get(CHARACTER_MAP)?.at(-1)) &&
    integerField(normalizer, REMOVE_EXTRA_SPACES, where) === 0 &&
    integerField(normalizer, ESCAPE_SPACES, where) !== 0 && integerField(trainer, BYTE_FALLBACK, where) === 1;
  const bpe = plain && charactersKept && byteIds !== undefined ? bpeOfScores(normal, byteIds, leadingSpace) : undefined;
  const vocabulary: Vocabulary = {
    path,
    bytes: pieces,
    ids,
    special,
    stripsLeadingSpace: leadingSpace,
    unkId: controlId(UNK_ID, 0) ?? unknown[0],
    bosId: controlId(BOS_ID, 1),
    eosId: controlId(EOS_ID, 2),
    addsBos: undefined,
  };
  return { vocabulary, bpe };
}

function hasBytes(value: unknown): boolean {
  return value instanceof Uint8Array && value.length > 0;
}

/** A piece as the file has it. */
export interface SentencePiece {
  readonly text: string;
  /** Higher is merged first. */
  readonly score: number;
  /** Number of its type in sentencepiece_model.proto: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
  readonly kind: number;
}

/**
 * The pieces of a tokenizer.model, in the order of their ids.
 *
 * @throws {FormatError} when it is not a SentencePiece model
 */
export function sentencePieces(bytes: Uint8Array, path: string): SentencePiece[] {
  const where = `${path} is not a SentencePiece model`;
  return readPieces(readMessage(bytes, where), where);
}

function readPieces(model: ReturnType<typeof readMessage>, where: string): SentencePiece[] {
  return messageFields(model, PIECES, where).map((piece, id) => readPiece(piece, id, where));
}

function readPiece(piece: ReturnType<typeof readMessage>, id: number, where: string): SentencePiece {
  const raw = piece.get(PIECE_TEXT)?.at(-1);
  if (!(raw instanceof Uint8Array) || raw.length === 0) throw new FormatError(`${where}: piece ${id} has no text`);
  const score = floatField(piece, PIECE_SCORE, where);
  if (score !== undefined && !Number.isFinite(score)) throw new FormatError(`${where}: piece ${id} scores ${score}`);
  const kind = integerField(piece, PIECE_TYPE, where) ?? NORMAL;
  if (kind < NORMAL || kind > BYTE) throw new FormatError(`${where}: piece ${id} has the unknown type ${kind}`);
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw), score: score ?? 0, kind };
  } catch {
    throw new FormatError(`${where}: piece ${id} is not valid UTF-8`);
  }
}
