import type { Device } from "../../kernels/gpu/device.ts";
import { Stream } from "../../kernels/gpu/stream.ts";
import { createTensor, destroyTensors, download, firstRows, type Tensor, upload } from "../../kernels/gpu/tensor.ts";
import type { BaseWeights } from "../base_weights.ts";
import { type MicroBatch, uploadBatch } from "./batch.ts";
import { type Lora, paddedRank } from "./lora.ts";
import { forward, labelLosses, lossForward } from "./pass.ts";
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
    batches: Iterable<MicroBatch>,
    lora: Lora | undefined,
    onBatch: (done: number) => void = () => {},
  ): Promise<number> {
    const { stream, space, base } = this;
    let sum = 0;
    let done = 0;
    // Software drivers compute while recording waits; reading now and then keeps the progress honest.
    const collect = async () => {
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
      await stream.submit();
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
  readonly #device: Device;
  readonly #base: BaseWeights;
  readonly #stream: Stream;
  readonly #space: Workspace;
  /** (tokens), of which a micro-batch fills as many as it has labels. */
  readonly #losses: Tensor;

  /**
   * @param tokens most tokens of a micro-batch
   * @param lora an adapter, to measure with it as well
   */
  constructor(device: Device, base: BaseWeights, tokens: number, readonly lora?: Lora) {
    const rank = lora ? paddedRank(lora.settings) : 0;
    this.#device = device;
    this.#base = base;
    this.#stream = new Stream(device);
    this.#space = createWorkspace(device, base.config, { tokens, headRows: defaultHeadRows, rank });
    this.#losses = createTensor(device, "losses of labels", [tokens]);
  }

  /** −log p in nats of each label of a micro-batch, in the order of its tokens; with the adapter or without. */
  async evaluate(batch: MicroBatch, options: { readonly adapter: boolean }): Promise<Float32Array> {
    const uploaded = uploadBatch(this.#space, this.#base.config, batch, this.#device);
    const lora = options.adapter ? this.lora : undefined;
    const pass = { stream: this.#stream, base: this.#base, lora, space: this.#space, batch: uploaded };
    forward(pass);
    labelLosses(pass, this.#losses);
    await this.#stream.submit();
    const [losses] = await download(this.#device, firstRows(this.#losses, uploaded.labelled));
    if (losses === undefined) throw new Error("the device gave no losses back");
    return losses;
  }

  /** Frees the workspace; base and adapter stay. */
  close(): void {
    destroyTensors(this.#device, [this.#losses]);
    this.#stream.close();
    this.#space.close();
  }
}
