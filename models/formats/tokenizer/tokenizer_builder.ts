import { learnMerges } from "./bpe_trainer.ts";

/** Control tokens, ids 0 to 2. */
export const SPECIAL = ["<unk>", "<s>", "</s>"];
/** How a space is written in a piece. */
export const SPACE = "▁";

/** Letters and digits of one word with the space before them, a run of spaces, or one character of any other kind. */
const CHUNK = /▁?[\p{L}\p{M}\p{N}]+|▁+|./gsu;

/**
 * Makes a tokenizer of LLaMA's kind for given texts: ids 0–2 are `<unk>`, `<s>` and `</s>`, 3–258 the 256 bytes, then
 * come the most frequent characters and, by byte-pair merges, the most frequent words and parts of words. What has no
 * piece is spelt in bytes, as line ends always are. The same texts give the same tokenizer.
 *
 * @param texts what the tokenizer should be good at
 * @param size the vocabulary to aim for; short texts give a smaller one
 * @returns a tokenizer.json
 * @throws {RangeError} when there is no room for the bytes and a character
 */
export function buildTokenizer(texts: Iterable<string>, size: number): string {
  const pieces = [...SPECIAL, ...bytePieces()];
  const room = size - pieces.length;
  if (!Number.isInteger(size) || room < 1) {
    throw new RangeError(`Cannot build a tokenizer of ${size} ids; wanted a whole number of at least 260`);
  }
  const chunks = countChunks(texts);
  const alphabet = frequentCharacters(chunks, Math.ceil(room / 2));
  const merges = learnMerges(chunks, new Set(alphabet), room - alphabet.length);
  const made = merges.map(([left, right]) => left + right);
  return tokenizerJson([...new Set([...pieces, ...alphabet, ...made])], merges.map((merge) => merge.join(" ")));
}

/** The pieces of the 256 bytes. */
export function bytePieces(): string[] {
  return Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
}

function countChunks(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const marked = SPACE + text.toWellFormed().replaceAll(" ", SPACE);
    for (const [chunk] of marked.matchAll(CHUNK)) counts.set(chunk, (counts.get(chunk) ?? 0) + 1);
  }
  return counts;
}

/** At most `limit` characters, most frequent first, the space mark always. Control characters are left to the bytes. */
export function frequentCharacters(chunks: ReadonlyMap<string, number>, limit: number): string[] {
  const counts = new Map<string, number>();
  for (const [chunk, count] of chunks) {
    for (const character of chunk) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  counts.delete(SPACE);
  const frequent = [...counts].filter(([character, count]) => count >= 2 && !/\p{C}/u.test(character));
  frequent.sort(([one, oneCount], [other, otherCount]) => otherCount - oneCount || (one < other ? -1 : 1));
  return [SPACE, ...frequent.slice(0, limit - 1).map(([character]) => character)];
}

/** A tokenizer.json of given pieces, in the order of their ids, and merges. */
export function tokenizerJson(pieces: readonly string[], merges: readonly string[]): string {
  const record = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: SPACE },
        { type: "Replace", pattern: { String: " " }, content: SPACE },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [
        { SpecialToken: { id: "<s>", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "<s>", type_id: 1 } },
        { Sequence: { id: "B", type_id: 1 } },
      ],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: SPACE }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
    },
  };
  return JSON.stringify(record, null, 1) + "\n";
}
