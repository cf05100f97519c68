import { adamw, type AdamWOptions, clipNorm, normPartials } from "../kernels/adamw.ts";
import type { Device } from "../kernels/device.ts";
import { Stream } from "../kernels/stream.ts";
import { createTensor, destroyTensors, download, type Tensor, upload } from "../kernels/tensor.ts";
import type { Timings } from "../kernels/timings.ts";
import { backward } from "./backward.ts";
import type { BaseWeights } from "./base_file.ts";
import { type PackedBatch, uploadBatch } from "./batch.ts";
import { LossMeter, lossMeterBytes } from "./evaluator.ts";
import type { AdapterTensor } from "./formats/adapter.ts";
import { Lora, type LoraConfig } from "./lora.ts";
import { forward, type Pass } from "./pass.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";
import { defaultHeadRows, trainingWorkspace } from "./workspace_layout.ts";

/** How a LoRA adapter is trained. */
export interface TrainerOptions {
  readonly lora: LoraConfig;
  /** Most tokens of a micro-batch. */
  readonly tokens: number;
  /**
   * The highest layers that keep their activations for backward; the others compute them again, with the same result.
   * All when left out; see memory_plan.ts.
   */
  readonly keptLayers?: number;
  /** Labelled rows whose logits exist at once, a multiple of 64. */
  readonly headRows?: number;
  /** Seeds A and dropout. */
  readonly seed: number;
  /** AdamW without its learning rate, which each step brings. */
  readonly optimizer: Omit<AdamWOptions, "learningRate">;
  /** Gradients are scaled down to this norm. */
  readonly maxGradientNorm: number;
  /** Measures every dispatch, for benches. */
  readonly timings?: Timings | undefined;
}

/** What one optimizer step was like. */
export interface StepMetrics {
  /** Σ −log p over the labelled tokens, in nats. */
  readonly negativeLogLikelihood: number;
  /** Norm of all gradients together before clipping. */
  readonly gradientNorm: number;
}

/** Steps whose metrics the device keeps until they are read. */
const metricSlots = 256;

/** Shapes of what a trainer keeps beside adapter and workspace. */
const ownShapes = { partials: [normPartials], clip: [4], metrics: [metricSlots * 2] } as const;

/** Bytes of what a trainer keeps beside adapter and workspace. */
export function trainerBytes(): number {
  return Object.values(ownShapes).reduce((sum, [values]) => sum + values * 4, lossMeterBytes);
}

/** Trains a LoRA adapter on a frozen base: micro-batches are accumulated, then a step is taken. Nothing is read back in a step. */
export class Trainer {
  readonly lora: Lora;
  readonly #stream: Stream;
  readonly #space: Workspace;
  readonly #partials: Tensor;
  readonly #clip: Tensor;
  /** (slots, 2): Σ −log p, gradient norm. */
  readonly #metrics: Tensor;
  readonly #meter: LossMeter;
  #microBatches = 0;
  #steps = 0;
  #unread = 0;

  constructor(readonly device: Device, readonly base: BaseWeights, readonly options: TrainerOptions) {
    this.lora = new Lora(device, base.config, options.lora, true);
    this.lora.initialize(options.seed);
    this.#stream = new Stream(device, { timings: options.timings });
    const { tokens, headRows = defaultHeadRows, keptLayers = base.config.layers } = options;
    const size = trainingWorkspace(base.config, options.lora, { tokens, headRows, keptLayers });
    this.#space = createWorkspace(device, base.config, size);
    this.#meter = new LossMeter(this.#stream, this.#space, base);
    this.#partials = createTensor(device, "norm partials", ownShapes.partials);
    this.#clip = createTensor(device, "clip", ownShapes.clip);
    this.#metrics = createTensor(device, "metrics", ownShapes.metrics);
  }

  #pass(batch: PackedBatch, lora: Lora | undefined, training: boolean): Pass {
    // Work recorded earlier reads the batch that is about to be replaced.
    this.#stream.flush();
    return {
      stream: this.#stream,
      base: this.base,
      lora,
      space: this.#space,
      batch: uploadBatch(this.#space, this.base.config, batch, this.device),
      ...(training && { dropout: { seed: this.options.seed, step: this.#microBatches } }),
    };
  }

  /** Adds a micro-batch's gradients. `labelled` is the number of labelled tokens in the whole optimizer step. */
  accumulate(batch: PackedBatch, labelled: number): void {
    if (this.#unread === metricSlots) throw new Error("read the metrics before more steps are taken");
    const pass = this.#pass(batch, this.lora, true);
    forward(pass);
    backward(pass, 1 / labelled, this.#metrics, this.#unread * 2);
    this.#stream.flush();
    this.#microBatches++;
  }

  /** Takes the optimizer step of what was accumulated. A gradient that is not finite changes nothing; see the metrics. */
  step(learningRate: number): void {
    const { gradients, firstMoment, secondMoment } = this.lora.training!;
    const state = { weights: this.lora.weights, gradients, firstMoment, secondMoment };
    const { optimizer, maxGradientNorm } = this.options;
    clipNorm(
      this.#stream,
      [gradients],
      this.#partials,
      this.#clip,
      this.#metrics,
      this.#unread * 2 + 1,
      maxGradientNorm,
    );
    adamw(this.#stream, state, this.#clip, ++this.#steps, { ...optimizer, learningRate });
    this.#stream.flush();
    this.#unread++;
  }

  /** Waits for the device and gives the metrics of the steps since the last call. */
  async readMetrics(): Promise<StepMetrics[]> {
    this.#stream.flush();
    const [read] = await download(this.device, this.#metrics);
    const values = read!.slice(0, this.#unread * 2);
    upload(this.device, this.#metrics, new Float32Array(metricSlots * 2));
    this.#unread = 0;
    return Array.from({ length: values.length / 2 }, (_, i) => ({
      negativeLogLikelihood: values[i * 2]!,
      gradientNorm: values[i * 2 + 1]!,
    }));
  }

  /**
   * Σ −log p in nats over the labelled tokens of some micro-batches, without dropout; with or without the adapter. Does
   * not change the state of training.
   */
  evaluate(
    batches: Iterable<PackedBatch>,
    options: { readonly adapter: boolean; readonly onBatch?: (done: number) => void },
  ): Promise<number> {
    return this.#meter.sum(batches, options.adapter ? this.lora : undefined, options.onBatch);
  }

  /** The adapter's matrices as they are now, in PEFT's shapes. */
  async adapter(): Promise<AdapterTensor[]> {
    this.#stream.flush();
    return await this.lora.read();
  }

  /** The accumulated, unclipped gradients in PEFT's shapes: for tests. */
  async gradients(): Promise<AdapterTensor[]> {
    this.#stream.flush();
    return await this.lora.read(this.lora.training!.gradients);
  }

  /** Frees the trainer's memory; the base stays. */
  close(): void {
    this.#meter.close();
    this.#stream.close();
    this.#space.close();
    this.lora.close();
    destroyTensors(this.device, [this.#partials, this.#clip, this.#metrics]);
  }
}
