import { learnMerges, type Merge } from "./bpe_trainer.ts";
import { bytePieces, frequentCharacters, SPACE, SPECIAL, tokenizerJson } from "./tokenizer_builder.ts";

/** A run of letters of an alphabet, with their marks, or of number signs, as Markdown's headings have. */
const RUN = /[\p{Script=Latin}\p{M}]+|#+/gu;

/** What {@linkcode buildWordTokenizer} makes a tokenizer of. */
export interface WordTokenizerOptions {
  /** What the tokenizer should be good at. */
  readonly texts: Iterable<string>;
  /** Most ids. */
  readonly size: number;
  /** What shall be one piece although it is not written in letters: Chinese words, numbers. */
  readonly words: Iterable<string>;
  /** Words that get a second piece with a space before them, and so cost no token for it. */
  readonly spaced: Iterable<string>;
}

/**
 * Makes a tokenizer of LLaMA's kind in which a word is the same id wherever it stands: after a space, a quotation mark or
 * a line end. Runs of letters are merged to words, the space before them is a token of its own but for the words of
 * `spaced`; `words` are one piece, all other digits, Chinese characters and signs stay single, and what has no piece is
 * spelt in bytes. A small model then learns each word once. The same options give the same tokenizer.
 *
 * @returns a tokenizer.json
 * @throws {RangeError} when there is no room for the bytes and the characters
 */
export function buildWordTokenizer({ texts, size, words, spaced }: WordTokenizerOptions): string {
  const { runs, characters } = counted(texts);
  for (const word of words) if ([...word].length > 1) runs.set(word, (runs.get(word) ?? 0) + 2);
  const alphabet = frequentCharacters(characters, characters.size + 1);
  const fixed = [...SPECIAL, ...bytePieces(), ...alphabet];
  const known = [...new Set(spaced)];
  const room = size - fixed.length - known.length;
  if (!Number.isInteger(size) || room < 0) {
    throw new RangeError(
      `Cannot build a tokenizer of ${size} ids: ${fixed.length} bytes and characters and ${known.length} words with a ` +
        `space leave no room for words`,
    );
  }
  const merges = learnMerges(runs, new Set(alphabet), room);
  const made = new Set(merges.map(([left, right]) => left + right));
  // Behind all others, so that a word is whole before the space joins it.
  const joins = known.filter((word) => made.has(word) || alphabet.includes(word)).map((word): Merge => [SPACE, word]);
  const pieces = new Set([...fixed, ...[...merges, ...joins].map(([left, right]) => left + right)]);
  return tokenizerJson([...pieces], [...merges, ...joins].map((merge) => merge.join(" ")));
}

function counted(texts: Iterable<string>) {
  const runs = new Map<string, number>();
  const characters = new Map<string, number>();
  const count = (counts: Map<string, number>, item: string) => counts.set(item, (counts.get(item) ?? 0) + 1);
  for (const text of texts) {
    const whole = text.toWellFormed();
    for (const [run] of whole.matchAll(RUN)) count(runs, run);
    for (const character of whole.replaceAll(" ", SPACE)) count(characters, character);
  }
  return { runs, characters };
}
