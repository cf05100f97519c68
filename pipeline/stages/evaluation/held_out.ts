import { join } from "@std/path";
import { promptIds } from "../../../datasets/templates/build_sequence.ts";
import { type Example, lastQuestion } from "../../../datasets/example.ts";
import { readExampleBatches } from "../../../datasets/formats/read_examples.ts";
import { templateFor } from "../../../datasets/templates/templates.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";
import type { StepTrainer } from "../../../models/training/trainer.ts";
import type { StageInput } from "../../core/mod.ts";
import { answersOf } from "./answering.ts";
import type { tokens } from "../kinds.ts";
import { textGenerator } from "../tokens/text_ends.ts";
import type { TrainingSample } from "../training/training_log.ts";

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
  if (examples.length === 0) return [];
  using tokenizer = await loadTokenizer(tokenizerDir);
  const template = templateFor(rows.meta.template, tokenizer, rows.meta);
  const prompts = examples.map((example) => promptIds(example, template, tokenizer));
  const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0);
  const size = { slots: prompts.length, positions: longest + inTraining.maxNewTokens };
  const generator = textGenerator(trainer.device, trainer.base, tokenizer, size);
  try {
    const { maxNewTokens } = inTraining;
    const adapter = trainer.lora && "trained";
    if (trainer.lora) generator.useAdapter("trained", trainer.lora);
    const answers = await answersOf(generator, prompts, { adapter, maxNewTokens, signal });
    return examples.map((example, i) => ({ instruction: lastQuestion(example), answer: answers[i] ?? "" }));
  } finally {
    generator.close();
  }
}
