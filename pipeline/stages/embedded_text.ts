import { join } from "@std/path";
import questions from "../../datasets/embedded/tokenizer_questions.txt" with { type: "text" };
import { words } from "../../datasets/embedded/lexicon.ts";
import { pretrainingText } from "../../datasets/embedded/pretraining_lines.ts";
import { template } from "../../datasets/templates/templates.ts";
import { defineStage, type Stage, z } from "../core/mod.ts";
import { text } from "./kinds.ts";

/** How much text there is. */
export const embeddedTextOptions = {
  paragraphs: z.number().int().min(1).describe("paragraphs of text to train on").default(100_000),
  validation: z.number().int().min(0).default(1000).describe("paragraphs held out for validation"),
};

const params = z.object({
  ...embeddedTextOptions,
  seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of the text"),
});

/** Params of {@link embeddedText}. */
export type EmbeddedTextParams = z.input<typeof params>;

/**
 * Writes text for a small model to learn from: a lexicon of 483 words in Chinese, pinyin and English, and what rules make of
 * it and of numbers (datasets/embedded/pretraining_lines.ts). There are no instructions in it. The words are derived from
 * CC-CEDICT, so the text, and what is trained on it, is CC BY-SA 4.0.
 */
export const embeddedText: Stage<Record<never, never>, EmbeddedTextParams, typeof text> = defineStage({
  name: "embedded_text",
  version: 1,
  inputs: {},
  params,
  output: text,
  async run({ params: { paragraphs, validation, seed }, output, signal }) {
    const source = pretrainingText(seed);
    const write = async (name: string, count: number) => {
      const taken: string[] = [];
      for (; taken.length < count; signal.throwIfAborted()) taken.push(`${source.next().value}\n\n`);
      await Deno.writeTextFile(join(output.dir, name), taken.join(""));
    };
    await write("validation.txt", validation);
    await write("train.txt", paragraphs);
    const prompts = promptTexts();
    await Deno.writeTextFile(join(output.dir, "vocabulary.txt"), prompts.join("\n"));
    const numbers = Array.from({ length: 90 }, (_, at) => `${at + 10}`);
    const whole = [...words.map(({ chinese }) => chinese), ...numbers];
    await Deno.writeTextFile(join(output.dir, "words.txt"), whole.join("\n"));
    await Deno.writeTextFile(join(output.dir, "spaced.txt"), spacedWords(prompts).join("\n"));
    return { train: paragraphs, validation };
  },
});

/**
 * Prompts whose words shall not fall to pieces. They are a file of their own and not the instructions of today, so that these
 * can change without another tokenizer, which would make another model.
 */
function promptTexts(): string[] {
  return questions.split("\n").filter(Boolean)
    .map((question) => template("alpaca").prompt({ instruction: question, input: "User: " }));
}

/** Words of the prompts that are not words of the lexicon, in which it matters that they look alike everywhere. */
function spacedWords(prompts: readonly string[]): string[] {
  const known = new Set(words.flatMap(({ english, pinyin }) => [english, ...pinyin.split(" ")]));
  const found = prompts.flatMap((prompt) => [...prompt.matchAll(/(?<= )[A-Za-z]{2,}(?![\p{L}\p{M}])|(?<= )a(?= )/gu)]);
  return [...new Set(found.map(([word]) => word))].filter((word) => !known.has(word)).sort();
}
