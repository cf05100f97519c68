import { adamw, type AdamWOptions, type AdamWState, clipNorm, normPartials } from "../../kernels/optimizer/adamw.ts";
import type { Device } from "../../kernels/gpu/device.ts";
import { Stream } from "../../kernels/gpu/stream.ts";
import { createTensor, destroyTensors, download, type Tensor, upload } from "../../kernels/gpu/tensor.ts";
import type { Timings } from "../../kernels/gpu/timings.ts";
import { backward } from "./backward.ts";
import type { BaseWeights } from "../base_weights.ts";
import { type MicroBatch, uploadBatch } from "./batch.ts";
import { LossMeter, lossMeterBytes } from "./evaluator.ts";
import type { AdapterTensor } from "../formats/adapter/adapter.ts";
import { Lora, type LoraConfig } from "./lora.ts";
import { forward, type Pass } from "./pass.ts";
import { type NamedTensor, readTrainingState, writeTrainingState } from "./training_state.ts";
import { createWorkspace, type Workspace, type WorkspaceSize } from "./workspace.ts";
import { defaultHeadRows, trainingWorkspace } from "./workspace_layout.ts";

/** How something is trained. */
export interface TrainerOptions {
  /** Most tokens of a micro-batch. */
  readonly tokens: number;
  /**
   * The highest layers that keep their activations for backward; the others compute them again, with the same result.
   * All when left out; see memory_plan.ts.
   */
  readonly keptLayers?: number;
  /** Labelled rows whose logits exist at once, a multiple of 64. */
  readonly headRows?: number;
  /** AdamW without its learning rate, which each step brings. */
  readonly optimizer: Omit<AdamWOptions, "learningRate">;
  /** Gradients are scaled down to this norm. */
  readonly maxGradientNorm: number;
  /** Measures every dispatch, for benches. */
  readonly timings?: Timings | undefined;
}

/** How a LoRA adapter is trained. */
export interface LoraTrainerOptions extends TrainerOptions {
  readonly lora: LoraConfig;
  /** Seeds A and dropout. */
  readonly seed: number;
}

/** A flat tensor that is trained, with what the optimizer keeps for it. */
export interface Trained extends AdamWState {
  /** Whether weight decay applies to it. */
  readonly decays: boolean;
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

/** Trains: micro-batches are accumulated, then a step is taken. Nothing is read back in a step. */
export abstract class StepTrainer {
  readonly #trained: readonly Trained[];
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

  /** @param trained all that a step changes */
  protected constructor(
    readonly device: Device,
    readonly base: BaseWeights,
    readonly options: TrainerOptions,
    trained: readonly Trained[],
    size: WorkspaceSize,
  ) {
    this.#trained = trained;
    this.#stream = new Stream(device, { timings: options.timings });
    this.#space = createWorkspace(device, base.config, size);
    this.#meter = new LossMeter(this.#stream, this.#space, base);
    this.#partials = createTensor(device, "norm partials", ownShapes.partials);
    this.#clip = createTensor(device, "clip", ownShapes.clip);
    this.#metrics = createTensor(device, "metrics", ownShapes.metrics);
  }

  /** What a training pass over a micro-batch has beside the base: an adapter, gradients of the weights. */
  protected abstract extras(batch: MicroBatch, microBatch: number): Pick<Pass, "lora" | "dropout" | "full">;

  /**
   * Records that a micro-batch's gradients are added; {@linkcode StepTrainer.submit} lets the device begin. `labelled` is the
   * number of labelled tokens in the whole optimizer step.
   */
  accumulate(batch: MicroBatch, labelled: number): void {
    if (this.#unread === metricSlots) throw new Error("read the metrics before more steps are taken");
    this.#stream.flush(); // work recorded earlier reads the batch that is about to be replaced
    const pass: Pass = {
      stream: this.#stream,
      base: this.base,
      space: this.#space,
      batch: uploadBatch(this.#space, this.base.config, batch, this.device),
      ...this.extras(batch, this.#microBatches),
    };
    forward(pass);
    backward(pass, 1 / labelled, this.#metrics, this.#unread * 2);
    this.#microBatches++;
  }

  /** Lets the device begin what was recorded, as it has done enough of what came before; see {@linkcode Stream.submit}. */
  submit(onPart?: (share: number) => void): Promise<void> {
    return this.#stream.submit(onPart);
  }

  /** Takes the optimizer step of what was accumulated. A gradient that is not finite changes nothing; see the metrics. */
  step(learningRate: number): void {
    const { optimizer, maxGradientNorm } = this.options;
    const gradients = this.#trained.map((tensor) => tensor.gradients);
    const at = this.#unread * 2 + 1;
    clipNorm(this.#stream, gradients, this.#partials, this.#clip, this.#metrics, at, maxGradientNorm);
    this.#steps++;
    for (const { decays, ...state } of this.#trained) {
      const options = { ...optimizer, learningRate, ...(!decays && { weightDecay: 0 }) };
      adamw(this.#stream, state, this.#clip, this.#steps, options);
    }
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

  /** The adapter that is trained, if it is one. */
  abstract readonly lora: Lora | undefined;

  /**
   * Σ −log p in nats over the labelled tokens of some micro-batches, without dropout; with the adapter, if one is trained,
   * or without. Does not change the state of training.
   */
  evaluate(
    batches: Iterable<MicroBatch>,
    { adapter, onBatch }: { readonly adapter: boolean; readonly onBatch?: (done: number) => void },
  ): Promise<number> {
    return this.#meter.sum(batches, adapter ? this.lora : undefined, onBatch);
  }

  /** Everything that a step changes, by names that stay. */
  protected abstract state(): NamedTensor[];

  /**
   * Writes all that the next step depends on to a safetensors file: weights, moments, counters. Between steps only.
   *
   * @throws {FormatError} for a value that is not finite
   */
  async save(path: string): Promise<void> {
    this.#stream.flush();
    const counters = { steps: this.#steps, microBatches: this.#microBatches };
    await writeTrainingState(this.device, path, this.state(), counters);
  }

  /** Takes up the state that a trainer with the same options has written; what follows is the same to the bit. */
  async restore(path: string): Promise<void> {
    this.#stream.flush();
    const found = await readTrainingState(this.device, path, this.state(), ["steps", "microBatches"]);
    this.#steps = found.steps;
    this.#microBatches = found.microBatches;
  }

  /** Submits what was recorded. */
  protected flush(): void {
    this.#stream.flush();
  }

  /** Frees the trainer's memory; the base stays. */
  close(): void {
    this.#meter.close();
    this.#stream.close();
    this.#space.close();
    destroyTensors(this.device, [this.#partials, this.#clip, this.#metrics]);
  }
}

/** Trains a LoRA adapter on a frozen base. */
export class LoraTrainer extends StepTrainer {
  override readonly lora: Lora;
  readonly #seed: number;

  constructor(device: Device, base: BaseWeights, options: LoraTrainerOptions) {
    const lora = new Lora(device, base.config, options.lora, true);
    lora.initialize(options.seed);
    const { tokens, headRows = defaultHeadRows, keptLayers = base.config.layers } = options;
    const size = trainingWorkspace(base.config, options.lora, { tokens, headRows, keptLayers });
    super(device, base, options, [{ weights: lora.weights, ...lora.training!, decays: true }], size);
    this.lora = lora;
    this.#seed = options.seed;
  }

  protected override extras(_: MicroBatch, microBatch: number): Pick<Pass, "lora" | "dropout"> {
    return { lora: this.lora, dropout: { seed: this.#seed, step: microBatch } };
  }

  protected override state(): NamedTensor[] {
    return this.lora.state();
  }

  /** The adapter's matrices as they are now, in PEFT's shapes. */
  async adapter(): Promise<AdapterTensor[]> {
    this.flush();
    return await this.lora.read();
  }

  /** The accumulated, unclipped gradients in PEFT's shapes: for tests. */
  async gradients(): Promise<AdapterTensor[]> {
    this.flush();
    return await this.lora.read(this.lora.training!.gradients);
  }

  /** Frees the trainer's memory and the adapter; the base stays. */
  override close(): void {
    super.close();
    this.lora.close();
  }
}
