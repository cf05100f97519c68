import type { GenerateOptions, Generator } from "./generator.ts";
import type { Tokenizer } from "../tokenizer.ts";

/** How an answer is generated; stop ids are the tokenizer's end token and the model's, and ids the tokenizer's. */
export type AnswerOptions = Omit<GenerateOptions, "stopIds" | "vocabularySize">;

/**
 * The text that follows a prompt, piece by piece, in whole characters. The prompt is the template's text, without bos, or
 * the ids of a sequence's beginning, bos included.
 */
export async function* streamAnswer(
  generator: Generator,
  tokenizer: Tokenizer,
  prompt: string | readonly number[],
  options: AnswerOptions,
): AsyncGenerator<string> {
  const stopIds = [tokenizer.eosId, ...generator.base.config.eosIds];
  const ids = typeof prompt === "string" ? [tokenizer.bosId, ...tokenizer.encode(prompt)] : [...prompt];
  // With no prompt the answer begins the text, and the tokenizer's leading space is not part of it.
  const decoder = tokenizer.stream(ids.some((id) => !tokenizer.isSpecial(id)));
  for await (const id of generator.generate(ids, { ...options, stopIds, vocabularySize: tokenizer.vocabularySize })) {
    const piece = decoder.push(id);
    if (piece) yield piece;
  }
  const rest = decoder.end();
  if (rest) yield rest;
}

/** The whole answer to a prompt, without spaces around it. */
export async function answer(
  generator: Generator,
  tokenizer: Tokenizer,
  prompt: string | readonly number[],
  options: AnswerOptions,
): Promise<string> {
  let text = "";
  for await (const piece of streamAnswer(generator, tokenizer, prompt, options)) text += piece;
  return text.trim();
}
