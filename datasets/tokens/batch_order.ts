import { permutation } from "./shuffle.ts";

/** The order of rows in an epoch (counted from 0): the same seed, epoch and count always give the same one. */
export function epochOrder(seed: number, epoch: number, rows: number): Uint32Array<ArrayBuffer> {
  return permutation(seed, rows, epoch);
}

/** How many optimizer steps a training has. */
export interface StepCount {
  /** ⌈rows / batchSize⌉, as transformers' Trainer counts: the last step of an epoch takes the rows that are left. */
  readonly stepsPerEpoch: number;
  /** Rows in every other step: batchSize, or all rows if there are fewer. */
  readonly rowsPerStep: number;
  /** Steps in all epochs. */
  readonly steps: number;
}

/**
 * Counts optimizer steps.
 *
 * @param epochs may be a fraction; a step that is begun counts.
 */
export function countSteps(rows: number, batchSize: number, epochs: number): StepCount {
  if (rows < 1 || batchSize < 1 || !(epochs > 0)) {
    throw new RangeError(`steps: wanted rows, batch size and epochs above 0, found ${rows}, ${batchSize}, ${epochs}`);
  }
  const stepsPerEpoch = Math.ceil(rows / batchSize);
  return {
    stepsPerEpoch,
    rowsPerStep: Math.min(batchSize, rows),
    // A product such as 0.1 · 30 may lie just above the whole number that is meant.
    steps: Math.max(Math.ceil(stepsPerEpoch * epochs - 1e-9), 1),
  };
}

/** Settings of {@link BatchOrder}. */
export interface BatchOrderOptions {
  readonly rows: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
}

/** Says which rows belong to which optimizer step. It has no state to save: any step can be asked for at any time. */
export class BatchOrder {
  /** How many steps there are. */
  readonly count: StepCount;
  readonly #rows: number;
  readonly #seed: number;
  #epoch = -1;
  #order: Uint32Array<ArrayBuffer> = new Uint32Array();

  constructor({ rows, batchSize, epochs, seed }: BatchOrderOptions) {
    this.count = countSteps(rows, batchSize, epochs);
    this.#rows = rows;
    this.#seed = seed;
  }

  /** Epoch (from 0) that a step (from 0) belongs to. */
  epochOf(step: number): number {
    return Math.floor(step / this.count.stepsPerEpoch);
  }

  /** Indices of the rows of a step (from 0), in order. */
  rowsOf(step: number): Uint32Array<ArrayBuffer> {
    const epoch = this.epochOf(step);
    if (epoch !== this.#epoch) {
      this.#order = epochOrder(this.#seed, epoch, this.#rows);
      this.#epoch = epoch;
    }
    const { stepsPerEpoch, rowsPerStep } = this.count;
    const first = (step % stepsPerEpoch) * rowsPerStep;
    return this.#order.slice(first, first + rowsPerStep);
  }
}
