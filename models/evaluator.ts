import type { Device } from "../kernels/device.ts";
import { Stream } from "../kernels/stream.ts";
import { createTensor, destroyTensors, download, type Tensor, upload } from "../kernels/tensor.ts";
import type { BaseWeights } from "./base_file.ts";
import { type PackedBatch, uploadBatch } from "./batch.ts";
import { type Lora, paddedRank } from "./lora.ts";
import { forward, lossForward } from "./pass.ts";
import { defaultHeadRows } from "./workspace_layout.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

/** Micro-batches whose losses the device keeps until they are read. */
const slots = 16;

/** Bytes that a {@linkcode LossMeter} keeps for itself. */
export const lossMeterBytes = slots * 4;

/** Sums the losses of micro-batches on a stream and a workspace that others may use between calls. */
export class LossMeter {
  readonly #losses: Tensor;

  constructor(readonly stream: Stream, readonly space: Workspace, readonly base: BaseWeights) {
    this.#losses = createTensor(stream.device, "losses of micro-batches", [slots]);
  }

  /** Σ −log p in nats over the labelled tokens of some micro-batches, without dropout, through `lora` if it is given. */
  async sum(
    batches: Iterable<PackedBatch>,
    lora: Lora | undefined,
    onBatch: (done: number) => void = () => {},
  ): Promise<number> {
    const { stream, space, base } = this;
    let sum = 0;
    let done = 0;
    // Software drivers compute while recording waits; reading now and then keeps the progress honest.
    const collect = async () => {
      stream.flush();
      const [values] = await download(stream.device, this.#losses);
      for (const value of values!) sum += value;
      upload(stream.device, this.#losses, new Float32Array(slots));
      onBatch(done);
    };
    for (const batch of batches) {
      stream.flush(); // work recorded earlier reads the batch that is about to be replaced
      const pass = { stream, base, lora, space, batch: uploadBatch(space, base.config, batch, stream.device) };
      forward(pass);
      lossForward(pass, this.#losses, done % slots);
      if (++done % slots === 0) await collect();
    }
    await collect();
    return sum;
  }

  /** Frees the meter's own memory. */
  close(): void {
    destroyTensors(this.stream.device, [this.#losses]);
  }
}

/** Measures losses with the memory that a forward pass needs. */
export class Evaluator {
  readonly #stream: Stream;
  readonly #space: Workspace;
  readonly #meter: LossMeter;

  /**
   * @param tokens most tokens of a micro-batch
   * @param lora an adapter, to measure with it as well
   */
  constructor(device: Device, base: BaseWeights, tokens: number, readonly lora?: Lora) {
    const rank = lora ? paddedRank(lora.settings) : 0;
    this.#stream = new Stream(device);
    this.#space = createWorkspace(device, base.config, { tokens, headRows: defaultHeadRows, rank });
    this.#meter = new LossMeter(this.#stream, this.#space, base);
  }

  /** Σ −log p in nats over the labelled tokens of some micro-batches, with the adapter or without. */
  evaluate(
    batches: Iterable<PackedBatch>,
    options: { readonly adapter: boolean; readonly onBatch?: (done: number) => void },
  ): Promise<number> {
    return this.#meter.sum(batches, options.adapter ? this.lora : undefined, options.onBatch);
  }

  /** Frees the workspace; base and adapter stay. */
  close(): void {
    this.#meter.close();
    this.#stream.close();
    this.#space.close();
  }
}
