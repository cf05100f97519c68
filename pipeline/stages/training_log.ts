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

/** Keeps what training was like: trainer_log.jsonl while it runs, trainer_state.json and the loss curve at its end. */
export class TrainingLog {
  readonly #path: string;
  readonly #steps: number;
  readonly #stepsPerEpoch: number;
  readonly #started = performance.now();
  readonly #history: Record<string, number>[] = [];
  readonly #losses: Point[] = [];
  readonly #evaluations: Point[] = [];
  #window: StepRecord[] = [];
  #windowStarted = performance.now();
  #tokens = 0;

  /** @param path trainer_log.jsonl, which gets a line as soon as there is one */
  constructor(path: string, steps: number, stepsPerEpoch: number) {
    this.#path = path;
    this.#steps = steps;
    this.#stepsPerEpoch = stepsPerEpoch;
    Deno.writeTextFileSync(path, "");
  }

  /** Adds a step to the next line. */
  add(record: StepRecord): void {
    this.#window.push(record);
    this.#tokens += record.tokens;
    this.#losses.push({ step: record.step, value: record.negativeLogLikelihood / record.labelled });
  }

  #write(line: Record<string, number>): void {
    this.#history.push(line);
    Deno.writeTextFileSync(this.#path, `${JSON.stringify(line)}\n`, { append: true });
  }

  /** Writes the line of the steps added since the last one: token-weighted loss, last learning rate and gradient norm. */
  line(): Record<string, number> {
    const last = this.#window.at(-1)!;
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
    this.#write({
      step: last.step,
      epoch: round(last.step / this.#stepsPerEpoch),
      ...metrics,
      num_tokens: this.#tokens,
      elapsed: this.#elapsed(),
    });
    return metrics;
  }

  #elapsed(): number {
    return round((performance.now() - this.#started) / 1000);
  }

  /** Notes a validation. */
  addEvaluation(step: number, loss: number): void {
    this.#evaluations.push({ step, value: loss });
    this.#write({ step, epoch: round(step / this.#stepsPerEpoch), eval_loss: loss, elapsed: this.#elapsed() });
    this.#windowStarted = performance.now();
  }

  /** Writes trainer_state.json and the curve. */
  async finish(statePath: string, curvePath: string, epochs: number): Promise<void> {
    const best = this.#evaluations.reduce<Point | undefined>((a, b) => a && a.value <= b.value ? a : b, undefined);
    const state = {
      best_metric: best?.value ?? null,
      best_model_checkpoint: null,
      epoch: round(this.#steps / this.#stepsPerEpoch),
      global_step: this.#steps,
      max_steps: this.#steps,
      num_train_epochs: epochs,
      num_tokens: this.#tokens,
      train_loss: this.#losses.reduce((sum, { value }) => sum + value, 0) / this.#losses.length,
      train_runtime: this.#elapsed(),
      log_history: this.#history,
    };
    await Deno.writeTextFile(statePath, `${JSON.stringify(state, null, 2)}\n`);
    await Deno.writeTextFile(curvePath, lossChart(this.#losses, this.#evaluations));
  }

  /** The curve in one line. */
  summary(): string {
    const values = this.#losses.map(({ value }) => value);
    return `loss ${values[0]!.toFixed(3)} ${sparkline(values)} ${values.at(-1)!.toFixed(3)}`;
  }
}

const round = (value: number) => Math.round(value * 100) / 100;
