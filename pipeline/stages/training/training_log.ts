import { lossChart, type Point, sparkline } from "./curve.ts";

/** What one optimizer step was like. */
export interface StepRecord {
  /** Counted from 1. */
  readonly step: number;
  readonly negativeLogLikelihood: number;
  readonly gradientNorm: number;
  readonly labelled: number;
  readonly tokens: number;
  readonly learningRate: number;
}

/** An answer of the model in training to a held-out instruction. */
export interface TrainingSample {
  readonly instruction: string;
  readonly answer: string;
}

/** A line of trainer_log.jsonl, which is an entry of log_history as well. */
export type LogLine = Readonly<Record<string, number | readonly TrainingSample[]>>;

/** All that a log must keep to go on as if it had never stopped. Plain JSON. */
export interface LogSnapshot {
  readonly lines: readonly LogLine[];
  /** Mean loss of each step. */
  readonly losses: readonly Point[];
  readonly evaluations: readonly Point[];
  /** Steps since the last line. */
  readonly window: readonly StepRecord[];
  readonly tokens: number;
  /** Seconds of training, over all runs. */
  readonly elapsed: number;
  /** Seconds since the last line. */
  readonly windowElapsed: number;
}

const empty: LogSnapshot = {
  lines: [],
  losses: [],
  evaluations: [],
  window: [],
  tokens: 0,
  elapsed: 0,
  windowElapsed: 0,
};

/** How long a training is. */
export interface TrainingLength {
  /** Optimizer steps that are to be taken. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/** Keeps what training was like: trainer_log.jsonl while it runs, trainer_state.json and the loss curve at its end. */
export class TrainingLog {
  readonly #path: string;
  readonly #length: TrainingLength;
  readonly #lines: LogLine[];
  readonly #losses: Point[];
  readonly #evaluations: Point[];
  #window: StepRecord[];
  #tokens: number;
  #started: number;
  #windowStarted: number;

  /**
   * @param path trainer_log.jsonl, which gets a line as soon as there is one
   * @param snapshot what an earlier run had kept; its lines are written again
   */
  constructor(path: string, length: TrainingLength, snapshot: LogSnapshot = empty) {
    this.#path = path;
    this.#length = length;
    this.#lines = [...snapshot.lines];
    this.#losses = [...snapshot.losses];
    this.#evaluations = [...snapshot.evaluations];
    this.#window = [...snapshot.window];
    this.#tokens = snapshot.tokens;
    const now = performance.now();
    this.#started = now - snapshot.elapsed * 1000;
    this.#windowStarted = now - snapshot.windowElapsed * 1000;
    Deno.writeTextFileSync(path, snapshot.lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** The log as it is now. */
  snapshot(): LogSnapshot {
    const now = performance.now();
    return {
      lines: this.#lines,
      losses: this.#losses,
      evaluations: this.#evaluations,
      window: this.#window,
      tokens: this.#tokens,
      elapsed: (now - this.#started) / 1000,
      windowElapsed: (now - this.#windowStarted) / 1000,
    };
  }

  /** Adds a step to the next line. */
  add(record: StepRecord): void {
    this.#window.push(record);
    this.#tokens += record.tokens;
    this.#losses.push({ step: record.step, value: record.negativeLogLikelihood / record.labelled });
  }

  #write(step: number, fields: LogLine): void {
    const elapsed = round((performance.now() - this.#started) / 1000);
    const line = { step, epoch: round(step / this.#length.stepsPerEpoch), ...fields, elapsed };
    this.#lines.push(line);
    Deno.writeTextFileSync(this.#path, `${JSON.stringify(line)}\n`, { append: true });
  }

  /**
   * Writes the line of the steps added since the last one: token-weighted loss, last learning rate and gradient norm.
   * Gives its figures, or undefined if there were no steps.
   */
  line(): Record<string, number> | undefined {
    const last = this.#window.at(-1);
    if (last === undefined) return undefined;
    const sum = (field: "negativeLogLikelihood" | "labelled" | "tokens") =>
      this.#window.reduce((total, record) => total + record[field], 0);
    const now = performance.now();
    const metrics = {
      loss: sum("negativeLogLikelihood") / sum("labelled"),
      learning_rate: last.learningRate,
      grad_norm: last.gradientNorm,
      tokens_per_second: Math.round(sum("tokens") / (now - this.#windowStarted) * 1000),
    };
    this.#window = [];
    this.#windowStarted = now;
    this.#write(last.step, { ...metrics, num_tokens: this.#tokens });
    return metrics;
  }

  /** Figures of the last step alone. */
  latest(): Record<string, number> | undefined {
    const last = this.#window.at(-1);
    return last && {
      loss: last.negativeLogLikelihood / last.labelled,
      learning_rate: last.learningRate,
      grad_norm: last.gradientNorm,
    };
  }

  /** Notes a validation. */
  addEvaluation(step: number, loss: number): void {
    this.#evaluations.push({ step, value: loss });
    this.#write(step, { eval_loss: loss });
    this.#windowStarted = performance.now();
  }

  /** Notes answers to held-out instructions. */
  addSamples(step: number, samples: readonly TrainingSample[]): void {
    this.#write(step, { samples });
    this.#windowStarted = performance.now();
  }

  /** Says whether a step has a line with this field already. */
  has(step: number, field: "eval_loss" | "samples"): boolean {
    return this.#lines.some((line) => line["step"] === step && field in line);
  }

  /** The lowest eval_loss so far and the first step that had it. */
  get best(): Point | undefined {
    return this.#evaluations.reduce<Point | undefined>((a, b) => a && a.value <= b.value ? a : b, undefined);
  }

  /** Validations since the best one. */
  get evaluationsSinceBest(): number {
    const { best } = this;
    return best ? this.#evaluations.length - 1 - this.#evaluations.indexOf(best) : 0;
  }

  /**
   * What trainer_state.json holds after so many steps, as transformers writes it.
   *
   * @param bestCheckpoint folder of the best checkpoint, if that is kept
   */
  state(step: number, bestCheckpoint: string | null): string {
    const { steps, stepsPerEpoch, epochs } = this.#length;
    const state = {
      best_metric: this.best?.value ?? null,
      best_model_checkpoint: bestCheckpoint,
      epoch: round(step / stepsPerEpoch),
      global_step: step,
      max_steps: steps,
      num_train_epochs: epochs,
      num_tokens: this.#tokens,
      train_loss: this.#losses.reduce((sum, { value }) => sum + value, 0) / this.#losses.length,
      train_runtime: round((performance.now() - this.#started) / 1000),
      log_history: this.#lines,
    };
    return `${JSON.stringify(state, null, 2)}\n`;
  }

  /** The curve as SVG. */
  chart(): string {
    return lossChart(this.#losses, this.#evaluations);
  }

  /** The curve in one line. */
  summary(): string {
    const values = this.#losses.map(({ value }) => value);
    return `loss ${values[0]!.toFixed(3)} ${sparkline(values)} ${values.at(-1)!.toFixed(3)}`;
  }
}

const round = (value: number) => Math.round(value * 100) / 100;
