// Several sequences that go on by themselves: the tokens are chosen on the device and feed the next step there, so that a
// block of steps runs without reading anything back, and the next block while the last one's tokens are read.
import { idBits, readResult, resultWords, sampleRows, SampleSpace, settingWords } from "../../kernels/decode/sample.ts";
import type { SampleResult, SampleSettings } from "../../kernels/decode/sample.ts";
import { firstRows, type Tensor, upload } from "../../kernels/gpu/tensor.ts";
import { type DecodeStep, decodeStep } from "./decode_pass.ts";

export type { SampleResult, SampleSettings } from "../../kernels/decode/sample.ts";

/** A sequence that goes on by one token. */
export interface DecodeRow {
  readonly slot: number;
  /** Tokens that the slot holds before this one. */
  readonly used: number;
  readonly id: number;
}

/** A sequence that goes on by itself, and how its tokens are chosen. */
export interface RunRow extends DecodeRow {
  readonly sampling: SampleSettings;
  /** Ids that the text has so far, the row's own among them; only a repetition penalty asks for them. */
  readonly seen: readonly number[];
  /** A uniform number in 0 … 1 for the n-th token of this run, the same each time. */
  readonly draw: (n: number) => number;
}

/** What the rows of a run have in common. */
export interface RunOptions {
  /** Ids that end an answer: they are not chosen in a row's first `maskedSteps` steps. */
  readonly stopIds: readonly number[];
  /** Only ids below this are chosen. */
  readonly vocabularySize: number;
}

/** Most steps of a block. */
export const mostSteps = 8;

/** What a run works with, as its decoder has it at this moment. */
export interface RunResources extends Omit<DecodeStep, "step" | "longest"> {
  readonly sampling: SampleSpace;
  readonly staging: GPUBuffer;
  /** Positions of a slot that may be used. */
  readonly positions: number;
}

/** The share of a block's expected time that is left to other work before the thread waits for the device. */
const patience = 0.8;

/** A run of a decoder. No other run or step of the decoder may come between its calls; prompts may be added to other slots. */
export class DecodeRun {
  readonly #rows: readonly RunRow[];
  readonly #options: RunOptions;
  readonly #resources: () => RunResources;
  /** Steps of the block that the device works at, and when it was submitted. */
  #running = { steps: 0, since: 0 };
  /** Steps of the blocks that were read. */
  #done = 0;
  #msPerStep = 0;

  /** Use `Decoder.run`. */
  constructor(rows: readonly RunRow[], options: RunOptions, resources: () => RunResources) {
    [this.#rows, this.#options, this.#resources] = [rows, options, resources];
    const { stream, sampling, ids } = resources();
    stream.flush(); // work recorded earlier reads what is about to be replaced
    upload(stream.device, ids, Uint32Array.from(rows, ({ id }) => id));
    upload(stream.device, sampling.stops, idBits(options.stopIds, sampling.words));
    rows.forEach(({ seen, sampling: { penalty } }, i) => {
      if (penalty !== 1) upload(stream.device, sampling.seen, idBits(seen, sampling.words), i * sampling.words);
    });
  }

  /** Steps that may still be asked for: until a row's slot is full. */
  get left(): number {
    const used = Math.max(...this.#rows.map(({ used }) => used));
    return this.#resources().positions - used - this.#done - this.#running.steps;
  }

  /**
   * Gives the tokens of the block that runs, one list a step with a token for each row (none for the first call), and lets
   * the device begin a block of `steps` more; 0 for none, which must be the last call. What follows a row's last token of
   * use, or one that is undecided, is to be thrown away.
   *
   * @throws {RangeError} for more steps than {@linkcode mostSteps} or {@linkcode DecodeRun.left}
   */
  async next(steps: number): Promise<SampleResult[][]> {
    if (steps > Math.min(mostSteps, this.left)) {
      throw new RangeError(`${steps} steps were asked for, at most ${Math.min(mostSteps, this.left)} are possible`);
    }
    const { device } = this.#resources().stream;
    const before = this.#running;
    const wait = before.steps * this.#msPerStep * patience - (performance.now() - before.since);
    if (before.steps && wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    // Recorded while the device still works; submitted only once the block before can be read, since waiting for that one
    // would wait for all that was submitted.
    const { stream, staging, sampling } = this.#resources();
    const words = before.steps * this.#rows.length * resultWords;
    if (words) {
      const encoder = device.gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(sampling.results.buffer, 0, staging, 0, words * 4);
      device.gpu.queue.submit([encoder.finish()]);
    }
    if (steps) this.#record(steps);
    const mapped = words ? staging.mapAsync(GPUMapMode.READ, 0, words * 4) : undefined;
    if (mapped) device.submits.finished(); // Deno waits for the device before the call returns
    const now = performance.now();
    if (before.steps) this.#msPerStep = (now - before.since) / before.steps;
    stream.flush();
    this.#running = { steps, since: now };
    this.#done += before.steps;
    if (!mapped) return [];
    try {
      await mapped;
    } catch (error) {
      device.check(); // says what went wrong on the device, where that is the reason
      throw error;
    }
    const results = new Uint32Array(staging.getMappedRange(0, words * 4).slice(0));
    staging.unmap();
    device.check();
    return Array.from(
      { length: before.steps },
      (_, step) =>
        this.#rows.map(({ sampling: { tops } }, row) => readResult(results, this.#rows.length, step, row, tops)),
    );
  }

  #record(steps: number): void {
    const { sampling, ...resources } = this.#resources();
    const { stream } = resources;
    const { device } = stream;
    const [rows, first] = [this.#rows, this.#done + this.#running.steps];
    const cut = (tensor: Tensor) => firstRows(tensor, rows.length);
    const [ids, places] = [cut(resources.ids), cut(resources.places)];
    const draws = Float32Array.from(
      { length: steps * rows.length },
      (_, i) => rows[i % rows.length]!.draw(first + Math.floor(i / rows.length)),
    );
    const settings = rows.map(({ sampling }) => ({
      ...sampling,
      maskedSteps: Math.max(0, sampling.maskedSteps - first),
    }));
    upload(device, places, Uint32Array.from(rows.flatMap(({ slot, used }) => [slot, used + first])));
    upload(device, sampling.draws, draws);
    upload(device, sampling.settings, settingWords(settings));
    const longest = Math.max(...rows.map(({ used }) => used)) + first + steps;
    for (let step = 0; step < steps; step++) {
      const logits = decodeStep({ ...resources, ids, places, step, longest });
      sampleRows(stream, logits, ids, sampling, { size: this.#options.vocabularySize, step });
    }
  }
}
