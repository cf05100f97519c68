import { promptIds } from "../../../datasets/templates/build_sequence.ts";
import {
  type BelleAnswer,
  type BelleQuestion,
  foldClass,
  readBelleQuestions,
} from "../../../datasets/evaluation/belle_questions.ts";
import type { BelleTaskMeta } from "../kinds.ts";
import { answersOfSides } from "./answering.ts";
import {
  answeredTask,
  limited,
  type PreparedTask,
  promptsWithoutRoom,
  type TaskOutcome,
  type TaskRun,
  type TaskSetup,
} from "./prepared_task.ts";
import { type ItemResult, overlapScores, resultOf } from "./results.ts";

/** Reads BELLE's questions and makes their prompts. */
export async function prepareBelleTask(
  path: string,
  meta: BelleTaskMeta,
  setup: TaskSetup,
): Promise<PreparedTask> {
  const { template, tokenizer } = setup;
  const questions = limited(await readBelleQuestions(path), setup);
  const prompts = questions.map(({ question }) => promptIds({ instruction: question, input: "" }, template, tokenizer));
  return answeredTask(meta, prompts, (run) => runBelleTask(meta, questions, prompts, setup, run));
}

async function runBelleTask(
  meta: BelleTaskMeta,
  questions: readonly BelleQuestion[],
  prompts: readonly number[][],
  { template, tokenizer, limit }: TaskSetup,
  run: TaskRun,
): Promise<TaskOutcome> {
  const { before, after } = await answersOfSides(prompts, meta.maxNewTokens, run, template);
  const items = questions.map((asked, i): ItemResult => {
    const references = asked.stdAnswer === "" ? [] : [asked.stdAnswer];
    const scored = (response: string) => ({ response, scores: overlapScores(response, references) });
    return {
      group: foldClass(asked.class),
      document: { question: asked.question, std_answer: asked.stdAnswer, class: asked.class },
      question: asked.question,
      target: asked.stdAnswer,
      prompt: tokenizer.decode(prompts[i] ?? []),
      before: scored(before[i] ?? ""),
      ...(after ? { after: scored(after[i] ?? "") } : {}),
    };
  });
  const facts = {
    ...(limit > 0 ? { limit } : {}),
    max_new_tokens: meta.maxNewTokens,
    without_std_answer: questions.filter(({ stdAnswer }) => stdAnswer === "").length,
    prompts_without_room: promptsWithoutRoom(prompts, run),
  };
  const result = resultOf(meta, facts, items, ["rouge_l", "chrf"]);
  const answered = (answers: readonly string[]) =>
    questions.map(({ question, stdAnswer, class: name }, i): BelleAnswer => ({
      question,
      std_answer: stdAnswer,
      class: name,
      answer: answers[i] ?? "",
    }));
  return { result, items, answers: { base: answered(before), ...(after ? { adapter: answered(after) } : {}) } };
}
