/** What a byte-pair encoder of LLaMA's kind (SentencePiece BPE with byte fallback) is made of. */
export interface BpeModel {
  /** Ids of pieces by their text, in which "▁" is a space. Control and byte pieces are not among them. */
  readonly pieces: ReadonlyMap<string, number>;
  /**
   * Which neighbours may be joined. The lowest rank is joined first, of equal ranks the leftmost. What is joined must be
   * a character or come out of another merge, and the result must be a piece.
   */
  readonly merges: readonly BpeMerge[];
  /** Id of each of the 256 bytes, for characters that have no piece. */
  readonly byteIds: readonly number[];
  /** Whether a text is encoded with a space before it. */
  readonly leadingSpace: boolean;
}

/** Two neighbours that may be joined. */
export interface BpeMerge {
  readonly left: string;
  readonly right: string;
  /** A whole number from 0. */
  readonly rank: number;
}

/** A byte as its piece is written: `<0x0A>`. */
export function bytePiece(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}

/** Ids of the 256 byte pieces; undefined if one is missing. */
export function byteIdsOf(ids: ReadonlyMap<string, number>): number[] | undefined {
  const found = Array.from({ length: 256 }, (_, byte) => ids.get(bytePiece(byte)));
  return found.every((id) => id !== undefined) ? found : undefined;
}

/** The parts of a tokenizer.json that say how text becomes ids. */
export interface TokenizerJsonParts {
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly model: {
    readonly merges: readonly unknown[];
    readonly byte_fallback?: unknown;
    readonly ignore_merges?: unknown;
    readonly dropout?: unknown;
    readonly continuing_subword_prefix?: unknown;
    readonly end_of_word_suffix?: unknown;
  };
}

/**
 * The encoder of a tokenizer.json whose text becomes ids as LLaMA 1's and 2's does: spaces marked, perhaps one put
 * before, then byte-pair merges over the whole text, with byte fallback. Undefined for any other.
 *
 * @param ids of all pieces; merges were checked against them.
 * @param control texts that must not come out of a text.
 */
export function bpeOfTokenizerJson(
  { normalizer, pre_tokenizer, model }: TokenizerJsonParts,
  ids: ReadonlyMap<string, number>,
  control: ReadonlySet<string>,
): BpeModel | undefined {
  const leadingSpace = leadingSpaceOf(normalizer, pre_tokenizer);
  const byteIds = byteIdsOf(ids);
  if (leadingSpace === undefined || byteIds === undefined || model.byte_fallback !== true) return undefined;
  if (model.ignore_merges || model.dropout || model.continuing_subword_prefix || model.end_of_word_suffix) {
    return undefined;
  }
  const merges = (model.merges as readonly (string | readonly string[])[]).map((merge, rank): BpeMerge => {
    const [left, right] = typeof merge === "string" ? merge.split(" ") : merge;
    return { left: left!, right: right!, rank };
  });
  const bytes = new Set(byteIds);
  const pieces = new Map([...ids].filter(([piece, id]) => !bytes.has(id) && !control.has(piece)));
  const made = merges.every(({ left, right }) => pieces.has(left + right));
  return made ? { pieces, merges, byteIds, leadingSpace } : undefined;
}

/** Whether a space is put before the text; undefined if text is changed in any way but this and the marking of spaces. */
function leadingSpaceOf(normalizer: unknown, preTokenizer: unknown): boolean | undefined {
  const shape = JSON.stringify([normalizer ?? null, preTokenizer ?? null]);
  return SPACE_RULES.get(shape);
}

const REPLACE = { type: "Replace", pattern: { String: " " }, content: "▁" };
const PREPEND = { type: "Prepend", prepend: "▁" };
const SPACE_RULES: ReadonlyMap<string, boolean> = new Map([
  [JSON.stringify([{ type: "Sequence", normalizers: [PREPEND, REPLACE] }, null]), true],
  [JSON.stringify([{ type: "Sequence", normalizers: [REPLACE] }, null]), false],
  [JSON.stringify([REPLACE, null]), false],
]);

/** Bounds the work on a piece of absurd length; no published vocabulary has one of a quarter of this. */
const LONGEST_PIECE = 256;

/**
 * The encoder of a SentencePiece BPE model: any two neighbours whose joined text is a piece may be joined, the highest
 * score first. Undefined if a piece is longer than any real one.
 *
 * @param pieces normal pieces, in the order of their ids, with their scores.
 */
export function bpeOfScores(
  pieces: readonly { readonly text: string; readonly id: number; readonly score: number }[],
  byteIds: readonly number[],
  leadingSpace: boolean,
): BpeModel | undefined {
  if (pieces.some(({ text }) => text.length > LONGEST_PIECE)) return undefined;
  const ids = new Map(pieces.map(({ text, id }) => [text, id]));
  const scores = [...new Set(pieces.map(({ score }) => score))].sort((one, other) => other - one);
  const ranks = new Map(scores.map((score, rank) => [score, rank]));
  const merges: BpeMerge[] = [];
  for (const { text, score } of pieces) {
    const characters = [...text];
    const isPart = (from: number, to: number) => to - from === 1 || ids.has(characters.slice(from, to).join(""));
    for (let cut = 1; cut < characters.length; cut++) {
      if (!isPart(0, cut) || !isPart(cut, characters.length)) continue;
      const left = characters.slice(0, cut).join("");
      merges.push({ left, right: text.slice(left.length), rank: ranks.get(score)! });
    }
  }
  return { pieces: ids, merges, byteIds, leadingSpace };
}
