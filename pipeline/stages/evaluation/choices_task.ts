import { join } from "@std/path";
import {
  type ChoiceItem,
  choicePrompt,
  CHOICES,
  readChoiceItems,
  subjectOf,
  subjectPath,
} from "../../../datasets/evaluation/choice_items.ts";
import type { ScorePair } from "../../../models/generation/scorer.ts";
import type { Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { type JsonObject, PipelineError, type StageInput } from "../../core/mod.ts";
import type { ChoicesTaskMeta, evaluationTask } from "../kinds.ts";
import { limited, type PreparedTask, type TaskOutcome, type TaskRun, type TaskSetup } from "./prepared_task.ts";
import { type ItemResult, resultOf } from "./results.ts";

/** Questions after which the progress is told and what came is kept. */
const questionsAtOnce = 32;

/** A question of a subject with its prompt and the four ways to go on. */
interface Asked {
  readonly subject: string;
  readonly item: ChoiceItem;
  readonly prompt: string;
  readonly pairs: readonly ScorePair[];
  /** Whether the beginning of the prompt was cut off. */
  readonly cut: boolean;
}

/**
 * Reads a task of choices and makes its pairs. Prompts that are longer than the model lose their beginning.
 *
 * @throws {PipelineError} for a subject that is not there, or too few examples
 */
export async function prepareChoicesTask(
  input: StageInput<typeof evaluationTask>,
  meta: ChoicesTaskMeta,
  setup: TaskSetup,
): Promise<PreparedTask> {
  const { tokenizer, maxPositions } = setup;
  const asked: Asked[] = [];
  for (const subject of subjectsOf(input, meta)) {
    const read = (split: "dev" | "val" | "test") =>
      readChoiceItems(meta.format, join(input.dir, subjectPath(meta.format, split, subject)));
    const examples = meta.shots === 0 ? [] : (await read("dev")).slice(0, meta.shots);
    if (examples.length < meta.shots) {
      throw new PipelineError(
        `${meta.name}: wanted ${meta.shots} examples of ${subject} in dev, found ${examples.length}: lower shots`,
      );
    }
    for (const item of limited(await read(meta.split), setup)) {
      const prompt = choicePrompt(meta.format, subject, examples, item);
      asked.push({ subject, item, prompt, ...pairsOf(prompt, tokenizer, meta.bos, maxPositions) });
    }
  }
  return {
    meta,
    requests: asked.length * CHOICES.length,
    positions: 0, // nothing is generated
    run: (run) => runChoicesTask(meta, asked, setup, run),
  };
}

/** The subjects whose questions are put, in the order of their names. */
function subjectsOf({ files, dir }: StageInput<typeof evaluationTask>, meta: ChoicesTaskMeta): string[] {
  const found = files.flatMap(({ path }) => subjectOf(meta.format, meta.split, path) ?? []).sort();
  const missing = (meta.subjects ?? []).filter((subject) => !found.includes(subject));
  if (found.length > 0 && missing.length === 0) return found;
  const wanted = subjectPath(meta.format, meta.split, missing[0] ?? "SUBJECT");
  throw new PipelineError(`${meta.name}: wanted ${wanted} in ${dir}, found none`);
}

/**
 * The prompt with each choice behind it. They are encoded together, and the ids beyond as many as the prompt alone has are
 * the continuation; spaces that end the prompt belong to it. Where both are longer than the model, the beginning is cut off,
 * bos with it, as lm-evaluation-harness does.
 */
function pairsOf(
  prompt: string,
  tokenizer: Tokenizer,
  bos: boolean,
  maxPositions: number,
): { pairs: ScorePair[]; cut: boolean } {
  const text = prompt.trimEnd();
  const spaces = prompt.slice(text.length);
  const contextIds = tokenizer.encode(text);
  const ids = [...bos ? tokenizer.startIds : [], ...contextIds];
  let cut = false;
  const pairs = CHOICES.map((choice) => {
    const continuation = [...tokenizer.encode(`${text}${spaces} ${choice}`)].slice(contextIds.length);
    // The last id of the continuation is predicted only, so that it takes no position.
    const room = maxPositions + 1 - continuation.length;
    if (ids.length > room) cut = true;
    return { context: ids.slice(Math.max(0, ids.length - room)), continuation };
  });
  return { pairs, cut };
}

async function runChoicesTask(
  meta: ChoicesTaskMeta,
  asked: readonly Asked[],
  { maxPositions, limit }: TaskSetup,
  { generator, adapter, signal, onRequest, keep }: TaskRun,
): Promise<TaskOutcome> {
  const side = async (name: string, adapter?: string) => {
    const likelihoods: number[] = [];
    for (let at = 0; at < asked.length; at += questionsAtOnce) {
      const pairs = asked.slice(at, at + questionsAtOnce).flatMap(({ pairs }) => pairs);
      const scored = await keep(`${name}-${at}`, async () => {
        const scores = await generator.score(pairs, { adapter, signal });
        return scores.map(({ logprobs }) => logprobs.reduce((sum, each) => sum + each, 0));
      });
      likelihoods.push(...scored);
      onRequest(pairs.length);
    }
    return likelihoods;
  };
  const before = await side("base");
  const after = adapter === undefined ? undefined : await side("adapter", adapter);
  const items = asked.map(({ subject, item, prompt }, i): ItemResult => {
    const of = (likelihoods: readonly number[]) =>
      responseOf(item, likelihoods.slice(i * CHOICES.length, (i + 1) * CHOICES.length));
    return {
      group: subject,
      document: { ...item, choices: { ...item.choices } } as JsonObject,
      question: `${item.question}\n${CHOICES.map((choice) => `${choice}. ${item.choices[choice]}`).join("\n")}`,
      target: item.answer,
      prompt,
      continuations: CHOICES.map((choice) => ` ${choice}`),
      before: of(before),
      ...(after ? { after: of(after) } : {}),
    };
  });
  const facts = {
    protocol: `lm-evaluation-harness, ${
      meta.format === "ceval" ? "ceval-valid" : "cmmlu"
    }: log-likelihood of the letter`,
    ...(limit > 0 ? { limit } : {}),
    split: meta.split,
    shots: meta.shots,
    bos: meta.bos,
    context_length: maxPositions,
    prompts_cut: asked.filter(({ cut }) => cut).length,
  };
  return { result: resultOf(meta, facts, items, ["acc", "acc_norm"]), items };
}

/** The choice of the highest likelihood; acc_norm divides by the characters of the choice. */
function responseOf({ answer }: ChoiceItem, logLikelihoods: readonly number[]): ItemResult["before"] {
  const best = (values: readonly number[]) => CHOICES[values.indexOf(Math.max(...values))]!;
  const response = best(logLikelihoods);
  const normed = best(logLikelihoods.map((value, i) => value / CHOICES[i]!.length));
  const right = (choice: string) => choice === answer ? 1 : 0;
  return { response, logLikelihoods, scores: { acc: right(response), acc_norm: right(normed) } };
}
