import { type AnswerItem, isRight, readAnswerItems } from "../../../datasets/evaluation/answer_items.ts";
import { promptIds } from "../../../datasets/templates/build_sequence.ts";
import { lastQuestion } from "../../../datasets/example.ts";
import type { JsonObject } from "../../core/mod.ts";
import type { AnswersTaskMeta } from "../kinds.ts";
import { answersOfSides } from "./answering.ts";
import { type ItemResult, overlapScores, resultOf } from "./results.ts";
import {
  answeredTask,
  limited,
  type PreparedTask,
  promptsWithoutRoom,
  type TaskOutcome,
  type TaskRun,
  type TaskSetup,
} from "./prepared_task.ts";

/** Reads a task of answers and makes its prompts. */
export async function prepareAnswersTask(
  path: string,
  meta: AnswersTaskMeta,
  setup: TaskSetup,
): Promise<PreparedTask> {
  const { template, tokenizer } = setup;
  const items = limited(await readAnswerItems(path), setup);
  const prompts = items.map(({ question }) => promptIds(question, template, tokenizer));
  return answeredTask(meta, prompts, (run) => runAnswersTask(meta, items, prompts, setup, run));
}

async function runAnswersTask(
  meta: AnswersTaskMeta,
  items: readonly AnswerItem[],
  prompts: readonly number[][],
  { template, tokenizer, limit }: TaskSetup,
  run: TaskRun,
): Promise<TaskOutcome> {
  const { before, after } = await answersOfSides(prompts, meta.maxNewTokens, run, template);
  const overlaps = meta.metrics.some((metric) => metric !== "exact_match");
  const score = (item: AnswerItem, response: string) => ({
    response,
    scores: {
      exact_match: isRight(item, response, meta) ? 1 : 0,
      ...(overlaps ? overlapScores(response, item.answers) : {}),
    },
  });
  const results = items.map((item, i): ItemResult => ({
    group: item.kind,
    document: documentOf(item),
    question: lastQuestion(item.question),
    target: [...item.answers, ...(item.pattern === undefined ? [] : [`/${item.pattern}/`])].join(" | "),
    prompt: tokenizer.decode(prompts[i]!),
    before: score(item, before[i]!),
    ...(after === undefined ? {} : { after: score(item, after[i]!) }),
  }));
  const facts = {
    ...(limit > 0 ? { limit } : {}),
    max_new_tokens: meta.maxNewTokens,
    ignore_case: meta.ignoreCase,
    ignore_punctuation: meta.ignorePunctuation,
    prompts_without_room: promptsWithoutRoom(prompts, run),
  };
  return { result: resultOf(meta, facts, results, meta.metrics), items: results };
}

function documentOf({ question, answers, pattern, kind }: AnswerItem): JsonObject {
  return {
    ...question,
    answers: [...answers],
    ...(pattern === undefined ? {} : { pattern }),
    kind,
  } as unknown as JsonObject;
}
