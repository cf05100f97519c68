import { SPLITTINGS } from "./byte_level_tokenizer.ts";
import { byteLevelPieceBytes } from "./vocabulary.ts";

/** What an encoder of GPT-2's kind is made of: byte-pair merges over the bytes of words. */
export interface ByteBpeModel {
  /** Cuts a text into words, by Rust's rules of regular expressions. */
  readonly split: string;
  /** Whether a text is brought into Unicode's form NFC first. */
  readonly composes: boolean;
  /** Id of each of the 256 bytes. */
  readonly byteIds: readonly number[];
  /** Which neighbours may be joined, the lowest rank (its place in the list) first. */
  readonly merges: readonly { readonly left: number; readonly right: number; readonly made: number }[];
  /** The bytes that a piece stands for. */
  readonly bytesOf: (id: number) => Uint8Array;
  /** Words that are pieces as they are, without regard to merges: their ids. */
  readonly whole: ReadonlyMap<string, number>;
  /** Ids of texts that are cut out before anything else. */
  readonly added: ReadonlyMap<string, number>;
}

/** The parts of a tokenizer.json that say how text becomes ids. */
interface Parts {
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly added_tokens: readonly Readonly<
    Record<string, unknown> & { id: number; content: string; special: boolean }
  >[];
  readonly model: {
    readonly merges: readonly unknown[];
    readonly byte_fallback?: unknown;
    readonly ignore_merges?: unknown;
    readonly dropout?: unknown;
    readonly unk_token?: unknown;
    readonly continuing_subword_prefix?: unknown;
    readonly end_of_word_suffix?: unknown;
  };
}

/**
 * The encoder of a tokenizer.json whose text becomes ids as GPT-2's, LLaMA 3's or Qwen's does. Undefined for any other.
 *
 * @param ids of all pieces, in the alphabet in which each character is a byte; merges were checked against them.
 */
export function byteBpeOfTokenizerJson(file: Parts, ids: ReadonlyMap<string, number>): ByteBpeModel | undefined {
  const { normalizer, added_tokens, model } = file;
  const split = splitOf(file.pre_tokenizer);
  const composes = JSON.stringify(normalizer) === '{"type":"NFC"}';
  if (split === undefined || !composes && normalizer !== null && normalizer !== undefined) return undefined;
  if (model.byte_fallback || model.dropout || model.continuing_subword_prefix || model.end_of_word_suffix) {
    return undefined;
  }
  const plain = added_tokens.filter(({ special }) => !special);
  // A token that takes blanks with it, or is looked for in the composed text, is left to the library.
  const isSimple = (token: Readonly<Record<string, unknown>>) =>
    !token["lstrip"] && !token["rstrip"] && !token["single_word"] && !(composes && token["normalized"] !== false);
  if (!plain.every(isSimple)) return undefined;
  const byteIds = byteIdsOf(ids);
  if (byteIds === undefined) return undefined;
  const merges = (model.merges as readonly (string | readonly string[])[]).map((merge) => {
    const [left = "", right = ""] = typeof merge === "string" ? merge.split(" ") : merge;
    return { left: ids.get(left)!, right: ids.get(right)!, made: ids.get(left + right)! };
  });
  const pieces = new Map([...ids].map(([piece, id]) => [id, piece]));
  return {
    split,
    composes,
    byteIds,
    merges,
    bytesOf: (id) => byteLevelPieceBytes(pieces.get(id) ?? ""),
    whole: model.ignore_merges ? wholeWords(ids) : new Map(),
    added: new Map(plain.map(({ content, id }) => [content, id])),
  };
}

function byteIdsOf(ids: ReadonlyMap<string, number>): number[] | undefined {
  const byteIds = new Array<number>(256).fill(-1);
  for (const [piece, id] of ids) {
    if (piece.length !== 1) continue;
    const bytes = byteLevelPieceBytes(piece);
    if (bytes.length === 1) byteIds[bytes[0]!] = id;
  }
  return byteIds.includes(-1) ? undefined : byteIds;
}

/** Pieces by the text that they spell, where it is one. */
function wholeWords(ids: ReadonlyMap<string, number>): Map<string, number> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const words = new Map<string, number>();
  for (const [piece, id] of ids) {
    try {
      words.set(decoder.decode(byteLevelPieceBytes(piece)), id);
    } catch { /* a part of a character is never a word */ }
  }
  return words;
}

/** The expression that cuts words, if a pre-tokenizer does that and nothing else. */
function splitOf(preTokenizer: unknown): string | undefined {
  const { type, pretokenizers, add_prefix_space, use_regex } = fields(preTokenizer);
  if (type === "ByteLevel") return add_prefix_space || use_regex === false ? undefined : SPLITTINGS["gpt-2"].split;
  if (type !== "Sequence" || !Array.isArray(pretokenizers) || pretokenizers.length !== 2) return undefined;
  const [cut, bytes] = pretokenizers.map(fields);
  if (bytes?.["type"] !== "ByteLevel" || bytes["add_prefix_space"] || bytes["use_regex"] !== false) return undefined;
  if (cut?.["type"] !== "Split" || cut["behavior"] !== "Isolated" || cut["invert"]) return undefined;
  const regex = fields(cut["pattern"])["Regex"];
  return Object.values(SPLITTINGS).map(({ split }) => split).find((split) => split === regex);
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Readonly<Record<string, unknown>> : {};
}
