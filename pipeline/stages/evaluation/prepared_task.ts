import type { BelleAnswer } from "../../../datasets/evaluation/belle_questions.ts";
import type { TextGenerator } from "../../../models/generation/text_generator.ts";
import type { TaskMeta } from "../kinds.ts";
import type { Keep } from "./keep.ts";
import type { ItemResult, TaskResult } from "./results.ts";

/** What a task needs of a generator. */
export type AskedGenerator = Pick<TextGenerator, "stream" | "score" | "positions">;

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
