/**
 * Makes the embedded samples: our own rows in BELLE's and in Guanaco's form, in Chinese and English, on simple things
 * that can be checked. `deno run --allow-write=datasets/embedded datasets/embedded/generate.ts` writes the two files
 * again; they never change unless this code does.
 */

import { permutation } from "../shuffle.ts";
import { conversations, fromQuestion } from "./conversations.ts";
import { type QuestionAnswer, questions } from "./questions.ts";

/** Text of `belle.jsonl`: `{instruction, input: "", output}` a line. */
export function belleSamples(): string {
  return lines(half(0).map(([instruction, output]) => ({ instruction, input: "", output })));
}

/** Text of `guanaco.jsonl`: `{instruction: history, input: question, output}` a line. */
export function guanacoSamples(): string {
  return lines([...half(1).map(fromQuestion), ...conversations()]);
}

/** Every second question of a mixed order, so that both sets have some of every family and none in common. */
function half(first: 0 | 1): QuestionAnswer[] {
  const all = [...new Map(questions()).entries()];
  return Array.from(permutation(2, all.length), (index) => all[index]!).filter((_, index) => index % 2 === first);
}

/** One row a line, without repeats, in a fixed mixed order so that neighbours differ. */
function lines(rows: readonly unknown[]): string {
  const unique = [...new Set(rows.map((row) => JSON.stringify(row)))];
  return Array.from(permutation(1, unique.length), (index) => `${unique[index]}\n`).join("");
}

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("./belle.jsonl", import.meta.url), belleSamples());
  Deno.writeTextFileSync(new URL("./guanaco.jsonl", import.meta.url), guanacoSamples());
}
