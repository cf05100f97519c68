import type { BatchOrder } from "../../datasets/batch_order.ts";
import { buildMicroBatch, packRows } from "../../datasets/packing.ts";
import type { TokenReader } from "../../datasets/token_reader.ts";
import { learningRateAt } from "../../models/schedule.ts";
import type { Trainer } from "../../models/trainer.ts";
import { PipelineError, type Progress } from "../core/mod.ts";
import { lossOfSplit } from "./loss.ts";
import type { StepRecord, TrainingLog } from "./training_log.ts";

/** What a training works with. */
export interface Training {
  readonly trainer: Trainer;
  readonly reader: TokenReader;
  readonly validation: TokenReader;
  readonly order: BatchOrder;
  /** Optimizer steps to take. */
  readonly steps: number;
  /** Most tokens of a micro-batch. */
  readonly budget: number;
  readonly history: TrainingLog;
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** The schedule, and how often to look. */
export interface StepOptions {
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly logSteps: number;
  /** 0 for no validation. */
  readonly evalSteps: number;
}

/** A step that was submitted, but whose metrics are not read yet. */
interface PendingStep extends Omit<StepRecord, "negativeLogLikelihood" | "gradientNorm"> {
  readonly rows: readonly number[];
}

/** Submits the micro-batches of a step (from 0) and its optimizer step. */
function submitStep(
  { trainer, reader, order, steps, budget }: Training,
  step: number,
  options: StepOptions,
): PendingStep {
  const rows = [...order.rowsOf(step)];
  const batches = packRows(reader.lengths, rows, budget)
    .map((list) => buildMicroBatch(list.map((row) => reader.row(row))));
  const labelled = batches.reduce((sum, batch) => sum + batch.labelledCount, 0);
  const learningRate = learningRateAt(step, options.learningRate, options.warmupSteps, steps);
  for (const batch of batches) trainer.accumulate(batch, labelled);
  trainer.step(learningRate);
  const tokens = batches.reduce((sum, batch) => sum + batch.tokenCount, 0);
  return { step: step + 1, labelled, tokens, learningRate, rows };
}

/** Reads the metrics of submitted steps into the log. Throws for the first that is not finite. */
async function recordSteps({ trainer, history }: Training, pending: readonly PendingStep[]): Promise<void> {
  for (const [i, metrics] of (await trainer.readMetrics()).entries()) {
    const { rows, ...record } = pending[i]!;
    const { negativeLogLikelihood, gradientNorm } = metrics;
    if (!Number.isFinite(negativeLogLikelihood) || !Number.isFinite(gradientNorm)) {
      throw new PipelineError(
        `training stopped at step ${record.step}: loss ${negativeLogLikelihood}, gradient norm ${gradientNorm}; wanted ` +
          `finite numbers. Training rows of the step: ${rows.slice(0, 16).join(", ")}${
            rows.length > 16 ? ", …" : ""
          }. ` +
          "Lower the learning rate, or look at these rows.",
      );
    }
    history.add({ ...record, ...metrics });
  }
}

/**
 * Takes all optimizer steps. Metrics are read back every `logSteps`; how often does not change the weights.
 *
 * @throws {PipelineError} for a loss or gradient that is not finite, naming the rows
 */
export async function runSteps(training: Training, options: StepOptions): Promise<void> {
  const { trainer, validation, steps, budget, history, progress, signal } = training;
  const { logSteps, evalSteps } = options;
  let pending: PendingStep[] = [];
  for (let step = 0; step < steps; step++) {
    await new Promise((resume) => setTimeout(resume)); // lets Ctrl-C and the renderer in
    signal.throwIfAborted();
    pending.push(submitStep(training, step, options));
    const done = step + 1;
    const evaluating = validation.rows > 0 && evalSteps > 0 && (done % evalSteps === 0 || done === steps);
    if (done % logSteps && done !== steps && !evaluating) continue;
    await recordSteps(training, pending);
    pending = [];
    const metrics = history.line();
    progress({ done, total: steps, unit: "steps", metrics });
    if (!evaluating) continue;
    const loss = await lossOfSplit(trainer, validation, budget, true, signal);
    history.addEvaluation(done, loss);
    progress({ done, total: steps, unit: "steps", metrics: { ...metrics, eval_loss: loss } });
  }
}
