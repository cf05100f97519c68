// Models and micro-batches to measure with: made on the device from a hash, so that a model of any size takes no memory
// of the host and no time to load.
import type { Device } from "../../kernels/gpu/device.ts";
import { compile } from "../../kernels/gpu/kernel.ts";
import { fill } from "../../kernels/layer/rows.ts";
import { grid1d, Stream } from "../../kernels/gpu/stream.ts";
import { createTensor, destroyTensors, elements, type Tensor } from "../../kernels/gpu/tensor.ts";
import {
  createWeight,
  freezeWeight,
  type Weight,
  type WeightBits,
  weightTensors,
} from "../../kernels/weight/weight.ts";
import { assembleBase, type BaseTensor, type BaseWeights } from "../../models/base_weights.ts";
import type { LlamaConfig } from "../../models/formats/config.ts";
import { llamaTensors } from "../../models/formats/llama_tensors.ts";
import { factorOf, levelOf } from "../../kernels/weight/weight_pack.ts";
import { tensorBits } from "../../models/tensor_bits.ts";
import type { MicroBatch } from "../../models/training/batch.ts";
import source from "./synthetic.wgsl" with { type: "text" };

/** The standard deviation of synthetic weights, that of transformers' initialisation. */
const deviation = 0.02;
/** The standard deviation of a uniform int8. */
const int8Deviation = 256 / Math.sqrt(12);

/** The standard deviation of level · factor for random codes and factors of 4 bits. */
const deviation4 = Math.sqrt(meanSquare(levelOf) * meanSquare(factorOf));

function meanSquare(valueOf: (bits: number) => number): number {
  return Array.from({ length: 16 }, (_, bits) => valueOf(bits) ** 2).reduce((a, b) => a + b) / 16;
}

/** Fills a tensor with values uniform in ±bound (float32), or its words with hash bits. */
export function hashFill(stream: Stream, y: Tensor, seed: number, bound: number): void {
  const count = elements(y.shape);
  const kernel = compile(stream.device, { name: "synthetic", source }, { FLOATS: y.dtype === "f32" });
  stream.run(kernel, { y }, { count, seed, bound }, grid1d(count));
}

/** A frozen weight of hashed values. */
export function syntheticWeight(
  stream: Stream,
  name: string,
  [rows, columns]: readonly [number, number],
  bits: WeightBits,
  seed: number,
): Weight {
  const weight = createWeight(stream.device, name, rows, columns, bits);
  for (const { blocks, factors, scales } of weight.parts) {
    hashFill(stream, blocks, seed, deviation * Math.sqrt(3));
    if (factors) hashFill(stream, factors, seed, 1);
    if (scales) fill(stream, scales, deviation / (bits === 8 ? int8Deviation : deviation4));
  }
  stream.flush();
  return freezeWeight(stream.device, weight);
}

/** A base of hashed weights, with a function that frees it. */
export interface SyntheticBase {
  readonly base: BaseWeights;
  close(): void;
}

/** Makes a base on the device. Waits until it is made. */
export async function syntheticBase(device: Device, config: LlamaConfig, bits: WeightBits): Promise<SyntheticBase> {
  const stream = new Stream(device);
  const made: Tensor[] = [];
  const tensors = new Map<string, BaseTensor>();
  for (const { name, shape } of llamaTensors(config)) {
    const [rows, columns] = shape as [number, number?];
    if (columns === undefined) {
      const tensor = createTensor(device, name, [rows]);
      fill(stream, tensor, 1);
      tensors.set(name, tensor);
      made.push(tensor);
    } else {
      const weight = syntheticWeight(stream, name, [rows, columns], tensorBits(config, name, bits), made.length);
      tensors.set(name, weight);
      made.push(...weightTensors(weight));
    }
  }
  stream.close();
  await device.gpu.queue.onSubmittedWorkDone();
  device.check();
  return { base: assembleBase(config, bits, tensors), close: () => destroyTensors(device, made) };
}

/** Rows of the same length, with ids from a hash, each token labelled with the next one of its row. */
export function syntheticBatch(vocabularySize: number, rows: number, rowTokens: number): MicroBatch {
  const tokens = rows * rowTokens;
  const ids = Uint32Array.from({ length: tokens }, (_, t) => Math.imul(t + 1, 0x9e3779b1) >>> 8).map((x) =>
    x % vocabularySize
  );
  return {
    ids,
    positions: ids.map((_, t) => t % rowTokens),
    starts: ids.map((_, t) => t - t % rowTokens),
    labels: Int32Array.from(ids, (_, t) => t % rowTokens === rowTokens - 1 ? -1 : ids[t + 1] ?? -1),
  };
}
