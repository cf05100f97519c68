import { join } from "@std/path";
import { promptIds } from "../../datasets/build_sequence.ts";
import { type Example, lastQuestion } from "../../datasets/example.ts";
import { readExampleBatches } from "../../datasets/read_examples.ts";
import { templateFor } from "../../datasets/templates.ts";
import { answer } from "../../models/generation/answer.ts";
import { Generator } from "../../models/generation/generator.ts";
import { loadTokenizer, type Tokenizer } from "../../models/tokenizer.ts";
import type { StepTrainer } from "../../models/trainer.ts";
import type { StageInput } from "../core/mod.ts";
import type { tokens } from "./kinds.ts";
import type { TrainingSample } from "./training_log.ts";

/** The first held-out examples of tokenised rows, as text. */
export async function firstExamples(tokensDir: string, count: number): Promise<Example[]> {
  const examples: Example[] = [];
  if (count === 0) return examples;
  for await (const batch of readExampleBatches(join(tokensDir, "validation.jsonl"))) {
    examples.push(...batch.slice(0, count - examples.length));
    if (examples.length === count) break;
  }
  return examples;
}

/** Greedy answers to prompts, given as the ids that a sequence begins with; "" where a prompt leaves no room. */
export async function answerAll(
  generator: Generator,
  tokenizer: Tokenizer,
  prompts: readonly (readonly number[])[],
  options: { maxNewTokens: number; signal: AbortSignal; onAnswer?: () => void },
): Promise<string[]> {
  const answers: string[] = [];
  const { maxNewTokens, signal, onAnswer } = options;
  for (const prompt of prompts) {
    const room = generator.positions - prompt.length;
    const greedy = { temperature: 0, topP: 1, topK: 0, seed: 0, maxNewTokens: Math.min(maxNewTokens, room), signal };
    answers.push(room > 0 ? await answer(generator, tokenizer, prompt, greedy) : "");
    onAnswer?.();
  }
  return answers;
}

/** Held-out instructions that a training answers now and then, and most tokens of such an answer. */
const inTraining = { count: 3, maxNewTokens: 48 };

/**
 * Greedy answers of a model in training to the first held-out instructions. Takes GPU memory of its own for its cache
 * of keys and values, and frees it; the training is not touched.
 */
export async function answersInTraining(
  trainer: StepTrainer,
  rows: StageInput<typeof tokens>,
  tokenizerDir: string,
  signal: AbortSignal,
): Promise<TrainingSample[]> {
  const examples = await firstExamples(rows.dir, inTraining.count);
  using tokenizer = await loadTokenizer(tokenizerDir);
  const template = templateFor(rows.meta.template, tokenizer);
  const prompts = examples.map((example) => promptIds(example, template, tokenizer));
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const positions = Math.min(trainer.base.config.maxPositions, longest + inTraining.maxNewTokens);
  const generator = new Generator(trainer.device, trainer.base, positions, trainer.lora);
  try {
    const answers = await answerAll(generator, tokenizer, prompts, { ...inTraining, signal });
    return examples.map((example, i) => ({ instruction: lastQuestion(example), answer: answers[i] ?? "" }));
  } finally {
    generator.close();
  }
}
