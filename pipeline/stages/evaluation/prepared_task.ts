import type { BelleAnswer } from "../../../datasets/evaluation/belle_questions.ts";
import type { PromptTemplate } from "../../../datasets/templates/templates.ts";
import type { TextGenerator } from "../../../models/generation/text_generator.ts";
import type { Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import type { TaskMeta } from "../kinds.ts";
import type { Keep } from "./keep.ts";
import type { ItemResult, TaskResult } from "./results.ts";

/** What a task needs of a generator. */
export type AskedGenerator = Pick<TextGenerator, "stream" | "score" | "positions">;

/** What the prompts of tasks are made with. */
export interface TaskSetup {
  readonly template: PromptTemplate;
  readonly tokenizer: Tokenizer;
  /** Longest sequence of the model. */
  readonly maxPositions: number;
  /** Most items, of each subject where there are subjects: the first ones; 0 for all. */
  readonly limit: number;
}

/** The first items of a list, or all. */
export function limited<T>(items: readonly T[], { limit }: Pick<TaskSetup, "limit">): readonly T[] {
  return limit === 0 ? items : items.slice(0, limit);
}

/** What a task runs with. */
export interface TaskRun {
  readonly generator: AskedGenerator;
  /** Name of the adapter to compare with the base, if there is one. */
  readonly adapter: string | undefined;
  readonly signal: AbortSignal;
  /** Called when so many requests are done, on either side. */
  readonly onRequest: (count: number) => void;
  /** Keeps the responses of an interrupted evaluation. */
  readonly keep: Keep;
}

/** How a task went, and what came of each item. */
export interface TaskOutcome {
  readonly result: TaskResult;
  readonly items: readonly ItemResult[];
  /** Answers in BELLE's form, for a judge. */
  readonly answers?: { readonly base: readonly BelleAnswer[]; readonly adapter?: readonly BelleAnswer[] };
}

/** A task whose items are read and whose prompts are made, so that whatever is wrong with it is told before the work. */
export interface PreparedTask {
  readonly meta: TaskMeta;
  /** Requests of one side. */
  readonly requests: number;
  /** Positions that its longest generation takes; the model may have fewer. */
  readonly positions: number;
  /** Asks the base, and the adapter if there is one. */
  run(run: TaskRun): Promise<TaskOutcome>;
}

/** A task of prompts that are answered: what it takes, and how it is run. */
export function answeredTask(
  meta: PreparedTask["meta"] & { readonly maxNewTokens: number },
  prompts: readonly (readonly number[])[],
  run: PreparedTask["run"],
): PreparedTask {
  const longest = prompts.reduce((most, { length }) => Math.max(most, length), 0);
  return { meta, requests: prompts.length, positions: longest + meta.maxNewTokens, run };
}

/** How many of the prompts leave no room for an answer. */
export function promptsWithoutRoom(prompts: readonly (readonly number[])[], { generator }: TaskRun): number {
  return prompts.filter(({ length }) => length >= generator.positions).length;
}
