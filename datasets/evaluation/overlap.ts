// How much of a reference text is found in an answer, by characters: Chinese has no spaces between words.

/** Unicode characters of a text, white space left out. */
function characters(text: string): string[] {
  return [...text.replace(/\s+/gu, "")];
}

/**
 * ROUGE-L of an answer against a reference, 0 to 1: F1 of precision and recall of their longest common subsequence of
 * characters (C.-Y. Lin, ROUGE: A Package for Automatic Evaluation of Summaries, 2004, §3.1, with β = 1). White space does
 * not count. 0 where either is empty.
 */
export function rougeL(answer: string, reference: string): number {
  const [a, b] = [characters(answer), characters(reference)];
  const common = longestCommonSubsequence(a, b);
  if (common === 0) return 0;
  const [precision, recall] = [common / a.length, common / b.length];
  return 2 * precision * recall / (precision + recall);
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let above = new Uint32Array(b.length + 1);
  for (const character of a) {
    const row = new Uint32Array(b.length + 1);
    for (let j = 0; j < b.length; j++) {
      row[j + 1] = character === b[j] ? above[j]! + 1 : Math.max(above[j + 1]!, row[j]!);
    }
    above = row;
  }
  return above[b.length]!;
}

const ORDERS = [1, 2, 3, 4, 5, 6];
const BETA_SQUARED = 4;

/**
 * chrF2 of an answer against a reference, 0 to 100: F2 of the mean precision and the mean recall of character n-grams of
 * 1 to 6 (M. Popović, chrF: character n-gram F-score for automatic MT evaluation, WMT 2015, with β = 2), as sacrebleu gives
 * it for a sentence: white space does not count, and orders of which either text has no n-gram are left out.
 */
export function chrF(answer: string, reference: string): number {
  const [a, b] = [characters(answer), characters(reference)];
  const orders = ORDERS.filter((n) => n <= a.length && n <= b.length);
  if (orders.length === 0) return 0;
  let [precision, recall] = [0, 0];
  for (const n of orders) {
    const common = commonNgrams(a, b, n);
    precision += common / (a.length - n + 1) / orders.length;
    recall += common / (b.length - n + 1) / orders.length;
  }
  if (precision + recall === 0) return 0;
  return 100 * (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall);
}

/** n-grams that both have, each as often as the one that has it less often. */
function commonNgrams(a: readonly string[], b: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  const each = function* (of: readonly string[]) {
    for (let at = 0; at + n <= of.length; at++) yield of.slice(at, at + n).join("");
  };
  for (const gram of each(b)) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  let common = 0;
  for (const gram of each(a)) {
    const left = counts.get(gram) ?? 0;
    if (left === 0) continue;
    counts.set(gram, left - 1);
    common++;
  }
  return common;
}
