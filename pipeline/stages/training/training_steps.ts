import type { BatchOrder } from "../../../datasets/tokens/batch_order.ts";
import { buildMicroBatch, packRows } from "../../../datasets/tokens/packing.ts";
import type { TokenReader } from "../../../datasets/tokens/token_reader.ts";
import { learningRateOf, type Schedule } from "../../../models/training/schedule.ts";
import type { StepTrainer } from "../../../models/training/trainer.ts";
import { PipelineError, type Progress } from "../../core/mod.ts";
import { lossOfSplit } from "./loss.ts";
import type { StepRecord, TrainingLog, TrainingSample } from "./training_log.ts";

/** What a training works with. */
export interface Training {
  readonly trainer: StepTrainer;
  readonly reader: TokenReader;
  readonly validation: TokenReader;
  readonly order: BatchOrder;
  /** Optimizer steps to take. */
  readonly steps: number;
  /** Most tokens of a micro-batch. */
  readonly budget: number;
  readonly history: TrainingLog;
  /** Keeps the training as it is after so many steps; all their metrics are in the history. */
  readonly save: (step: number) => Promise<void>;
  /** Answers a few held-out instructions. */
  readonly answer: () => Promise<TrainingSample[]>;
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** The schedule, and how often to look. No interval changes the weights, but for those of early stopping. */
export interface TrainingLoopOptions extends Schedule {
  readonly logSteps: number;
  /** 0 for no validation. */
  readonly evalSteps: number;
  readonly saveSteps: number;
  /** 0 for no answers. */
  readonly sampleSteps: number;
  /** Validations without a new best loss after which training ends. */
  readonly patience?: number | undefined;
}

/** A step that was submitted, but whose metrics are not read yet. */
interface PendingStep extends Omit<StepRecord, "negativeLogLikelihood" | "gradientNorm"> {
  readonly rows: readonly number[];
}

/** Steps are submitted without waiting for them, but no more than take about so long: then Ctrl-C is obeyed soon. */
const aheadMs = 2000;

/** Takes the optimizer steps of a training, and looks at it now and then. */
class Steps {
  readonly #training: Training;
  readonly #options: TrainingLoopOptions;
  #pending: PendingStep[] = [];
  /** When the first of the pending steps was submitted. */
  #submitted = 0;
  /** Steps that may be pending; known once a step was timed. */
  #ahead = 1;
  #done: number;
  #saved: number;

  constructor(training: Training, options: TrainingLoopOptions, done: number) {
    this.#training = training;
    this.#options = options;
    this.#done = this.#saved = done;
  }

  async run(): Promise<number> {
    const { steps, signal } = this.#training;
    try {
      while (true) {
        await new Promise((resume) => setTimeout(resume)); // lets Ctrl-C and the renderer in
        await this.#look();
        if (this.#done === steps || this.#stopsEarly()) return this.#done;
        signal.throwIfAborted();
        if (this.#pending.length === 0) this.#submitted = performance.now();
        this.#pending.push(await this.#submit(this.#done));
        this.#done++;
      }
    } catch (error) {
      if (signal.aborted && error === signal.reason) await this.#save();
      throw error;
    }
  }

  #stopsEarly(): boolean {
    const { patience } = this.#options;
    return patience !== undefined && this.#training.history.evaluationsSinceBest >= patience;
  }

  /** Submits the micro-batches of a step (from 0) and its optimizer step. */
  async #submit(step: number): Promise<PendingStep> {
    const { trainer, reader, order, steps, budget } = this.#training;
    const rows = [...order.rowsOf(step)];
    const batches = packRows(reader.lengths, rows, budget)
      .map((list) => buildMicroBatch(list.map((row) => reader.row(row))));
    const labelled = batches.reduce((sum, batch) => sum + batch.labelledCount, 0);
    const learningRate = learningRateOf(step, this.#options, steps);
    const begin = performance.now();
    for (const [i, batch] of batches.entries()) {
      trainer.accumulate(batch, labelled);
      await trainer.submit((share) => this.#tellPart(step, (i + share) / batches.length, performance.now() - begin));
    }
    trainer.step(learningRate);
    const tokens = batches.reduce((sum, batch) => sum + batch.tokenCount, 0);
    return { step: step + 1, labelled, tokens, learningRate, rows };
  }

  /** Tells that a share of a step (from 0) is done, which took so many ms. */
  #tellPart(step: number, share: number, ms: number): void {
    const { steps, history, progress, signal } = this.#training;
    const metrics = history.latest();
    progress({
      done: step + Math.floor(share * 100) / 100,
      total: steps,
      unit: "steps",
      ...(metrics && { metrics }),
      ...(signal.aborted && share > 0 && { endsInMs: Math.round(ms / share * (1 - share)) }),
    });
  }

  /** Reads the metrics of submitted steps into the log. Throws for the first that is not finite. */
  async #read(): Promise<void> {
    const pending = this.#pending;
    if (pending.length === 0) return;
    const found = await this.#training.trainer.readMetrics();
    this.#pending = [];
    const stepMs = (performance.now() - this.#submitted) / pending.length;
    this.#ahead = Math.max(1, Math.floor(aheadMs / stepMs));
    for (const [i, metrics] of found.entries()) {
      const { rows, ...record } = pending[i]!;
      const { negativeLogLikelihood, gradientNorm } = metrics;
      if (!Number.isFinite(negativeLogLikelihood) || !Number.isFinite(gradientNorm)) {
        throw notFinite(record.step, `loss ${negativeLogLikelihood}, gradient norm ${gradientNorm}`, rows);
      }
      this.#training.history.add({ ...record, ...metrics });
    }
  }

  /** Logs, validates, answers and saves after a step, each if it is due and an earlier run has not done it. */
  async #look(): Promise<void> {
    const { validation, history, steps, progress } = this.#training;
    const { logSteps, evalSteps, saveSteps, sampleSteps } = this.#options;
    const done = this.#done;
    if (done === 0) return;
    const due = (interval: number) => interval > 0 && done % interval === 0;
    const evaluating = validation.rows > 0 && evalSteps > 0 && (due(evalSteps) || done === steps) &&
      !history.has(done, "eval_loss");
    const logging = due(logSteps) || done === steps || evaluating;
    const waiting = this.#pending.length >= this.#ahead;
    if (logging || waiting) await this.#read();
    const metrics = logging ? history.line() : waiting ? history.latest() : undefined;
    if (metrics) progress({ done, total: steps, unit: "steps", metrics });
    if (evaluating) await this.#evaluate(metrics);
    if (due(sampleSteps) && validation.rows > 0 && !history.has(done, "samples")) {
      history.addSamples(done, await this.#training.answer());
    }
    if (due(saveSteps) || history.best?.step === done) await this.#save();
  }

  async #evaluate(metrics: Record<string, number> | undefined): Promise<void> {
    const { trainer, validation, budget, history, steps, progress, signal } = this.#training;
    const done = this.#done;
    const loss = await lossOfSplit(trainer, validation, budget, true, signal);
    if (!Number.isFinite(loss)) throw notFinite(done, `eval_loss ${loss}`, []);
    history.addEvaluation(done, loss);
    this.#saved = -1; // a checkpoint of this step, if there is one, does not know of it
    progress({ done, total: steps, unit: "steps", metrics: { ...metrics, eval_loss: loss } });
  }

  /** Saves the training as it is, unless that was done. Steps whose metrics are bad are never saved. */
  async #save(): Promise<void> {
    if (this.#saved === this.#done) return;
    await this.#read();
    await this.#training.save(this.#done);
    this.#saved = this.#done;
  }
}

function notFinite(step: number, found: string, rows: readonly number[]): PipelineError {
  const shown = `${rows.slice(0, 16).join(", ")}${rows.length > 16 ? ", …" : ""}`;
  return new PipelineError(
    `training stopped at step ${step}: ${found}; wanted finite numbers. ${
      rows.length > 0 ? `Training rows of the step: ${shown}. Lower the learning rate, or look at these rows.` : ""
    }`,
  );
}

/**
 * Takes the optimizer steps that are left after the first `done`, and gives the number of steps taken in all: fewer
 * than `training.steps` if the validation loss stopped getting better. When the signal is aborted, the step at hand is
 * finished and saved.
 *
 * @throws {PipelineError} for a loss or gradient that is not finite, naming the rows
 */
export function runSteps(training: Training, options: TrainingLoopOptions, done: number): Promise<number> {
  return new Steps(training, options, done).run();
}
