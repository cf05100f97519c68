// LLaMA 3's own tokenizer.model: not SentencePiece, but tiktoken's list of byte strings by rank. The token that ranks lowest
// is joined first, so the pair that a token was joined from follows from the ranks below its own.
import { byteLevelTokenizer } from "./byte_level_tokenizer.ts";
import { FormatError } from "../error.ts";
import { byteLevelPiece } from "./vocabulary.ts";

/** A token in base64, and its rank. */
const LINE = /^((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?) (\d{1,7})$/;

/** The special tokens of LLaMA 3.1, which follow the others; of those between, ids alone count. */
const SPECIAL: Readonly<Record<number, string>> = {
  0: "<|begin_of_text|>",
  1: "<|end_of_text|>",
  4: "<|finetune_right_pad_id|>",
  6: "<|start_header_id|>",
  7: "<|end_header_id|>",
  8: "<|eom_id|>",
  9: "<|eot_id|>",
  10: "<|python_tag|>",
};
const SPECIAL_COUNT = 256;

/** True for the contents of a list of ranks. */
export function isTiktoken(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(0x0a);
  return end > 0 && end < 400 && LINE.test(new TextDecoder().decode(bytes.subarray(0, end)));
}

/**
 * The contents of a tokenizer.json, with LLaMA 3's special tokens, for a list of ranks.
 *
 * @param path the file, for messages
 * @throws {FormatError} when a line is not valid, or ranks are missing
 */
export function tokenizerOfTiktoken(bytes: Uint8Array, path: string): unknown {
  const tokens = readRanks(bytes, path);
  const ranks = new Map(tokens.map((token, rank) => [token, rank]));
  const pieces = tokens.map((token) => byteLevelPiece(Uint8Array.from(token, (character) => character.charCodeAt(0))));
  const merges = tokens.flatMap((token, rank) => {
    const parts = partsOf(token, rank, ranks);
    return parts.length === 2 ? [parts.map((part) => pieces[ranks.get(part) ?? 0]).join(" ")] : [];
  });
  return byteLevelTokenizer({
    vocabulary: pieces.map((text, id) => ({ text, id })),
    merges,
    added: Array.from({ length: SPECIAL_COUNT }, (_, i) => ({
      id: tokens.length + i,
      text: SPECIAL[i] ?? `<|reserved_special_token_${i}|>`,
      special: true,
    })),
    splitting: "llama-bpe",
    start: { id: tokens.length, text: SPECIAL[0]! },
  });
}

/** The tokens by rank, each byte a character. */
function readRanks(bytes: Uint8Array, path: string): string[] {
  const tokens: string[] = [];
  const lines = new TextDecoder().decode(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [i, line] of lines.entries()) {
    const [, base64 = "", rank] = LINE.exec(line) ?? [];
    if (base64 === "" || Number(rank) !== i) {
      throw new FormatError(
        `${path}: line ${i + 1} is ${JSON.stringify(line.slice(0, 80))}; wanted a token and rank ${i}`,
      );
    }
    tokens.push(atob(base64));
  }
  if (new Set(tokens).size < tokens.length) throw new FormatError(`${path} has a token twice`);
  return tokens;
}

/** What is left of a token when all is joined that ranks below it: two parts, unless it is a single byte. */
function partsOf(token: string, rank: number, ranks: ReadonlyMap<string, number>): string[] {
  const parts = [...token];
  while (parts.length > 2) {
    let [at, lowest] = [-1, rank];
    for (let i = 0; i + 1 < parts.length; i++) {
      const joined = ranks.get(parts[i]! + parts[i + 1]!);
      if (joined !== undefined && joined < lowest) [at, lowest] = [i, joined];
    }
    if (at < 0) break;
    parts.splice(at, 2, parts[at]! + parts[at + 1]!);
  }
  return parts;
}
