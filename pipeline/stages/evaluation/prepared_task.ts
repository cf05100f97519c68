import type { TextGenerator } from "../../../models/generation/text_generator.ts";
import type { TaskMeta } from "../kinds.ts";
import type { ItemResult, TaskResult } from "./results.ts";

/** What a task needs of a generator. */
export type AskedGenerator = Pick<TextGenerator, "stream" | "positions">;

/** A text and how it may go on, in ids. */
export interface ScoredPair {
  readonly prompt: readonly number[];
  readonly continuation: readonly number[];
}

/** Σ log p of each continuation in nats, with the named adapter or the base alone. */
export type PairScorer = (
  pairs: readonly ScoredPair[],
  options: {
    readonly adapter: string | undefined;
    readonly signal: AbortSignal;
    readonly onPair: () => void;
  },
) => Promise<number[]>;

/** What a task runs with. */
export interface TaskRun {
  readonly score: PairScorer;
  readonly generator: AskedGenerator;
  /** Name of the adapter to compare with the base, if there is one. */
  readonly adapter: string | undefined;
  readonly signal: AbortSignal;
  /** Called for every request that is done, on either side. */
  readonly onRequest: () => void;
}

/** How a task went, and what came of each item. */
export interface TaskOutcome {
  readonly result: TaskResult;
  readonly items: readonly ItemResult[];
}

/** A task whose items are read and whose prompts are made, so that whatever is wrong with it is told before the work. */
export interface PreparedTask {
  readonly meta: TaskMeta;
  /** Requests of one side. */
  readonly requests: number;
  /** Positions that its longest request takes; the model may have fewer. */
  readonly positions: number;
  /** Asks the base, and the adapter if there is one. */
  run(run: TaskRun): Promise<TaskOutcome>;
}
