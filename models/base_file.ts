// The quantised base on disk: base.safetensors with the tensors of a LLaMA model under their usual names, projections,
// embedding and head in the blocks that the kernels read (kernels/weight/weight.ts: "U8" for 4 bits, "I8", or "F32"), with
// `NAME_factor` and `NAME_scale` beside them where there are, norms in float32. It is written and read as a stream: peak
// memory is a few thousand rows of one tensor.
import { join } from "@std/path";
import type { Device } from "../kernels/gpu/device.ts";
import { createTensor, upload } from "../kernels/gpu/tensor.ts";
import { createWeight, freezeWeight, maxBindingBytes, uploadRows, type WeightBits } from "../kernels/weight/weight.ts";
import { rowBytes } from "../kernels/weight/weight_layout.ts";
import { packRows } from "../kernels/weight/weight_pack.ts";
import { assembleBase, type BaseTensor, type BaseWeights } from "./base_weights.ts";
import type { LlamaConfig } from "./formats/config.ts";
import { readConfig } from "./formats/config.ts";
import { FormatError } from "./formats/error.ts";
import { llamaTensors } from "./formats/llama_tensors.ts";
import {
  openSafetensors,
  type SafetensorsFile,
  type TensorEntry,
  writeSafetensors,
} from "./formats/safetensors/safetensors.ts";
import type { ModelWeights } from "./formats/weights.ts";
import { tensorBits } from "./tensor_bits.ts";

/** Name of the file. */
export const baseFile = "base.safetensors";
/** The layout by bits: files of another one are refused. */
const layouts: Readonly<Record<WeightBits, string>> = {
  4: "vicuna 4x8 blocks of 4 bits, version 1",
  8: "vicuna 4x4 blocks, version 1",
  32: "vicuna 4x4 blocks, version 1",
};
const dtypes = { 4: "U8", 8: "I8", 32: "F32" } as const;

/** Values of a stretch of rows that is read, packed and written at once: 16 MiB of float32. */
const stretchValues = 1 << 22;

/** Stretches of whole blocks of rows that cover a tensor. */
function* stretches(rows: number, columns: number): Generator<[begin: number, end: number]> {
  const step = Math.max(4, Math.floor(stretchValues / columns / 4) * 4);
  for (let begin = 0; begin < rows; begin += step) yield [begin, Math.min(rows, begin + step)];
}

const bytesOf = (values: Float32Array<ArrayBuffer>) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Index of the first value that is not finite; −1 where all are. A plain loop, since it sees every value of a model. */
function firstNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i]!) < Infinity)) return i;
  return -1;
}

/** Rows of a weight as they are in the file; the last dimension of a 4-bit one counts bytes. */
function fileShape(rows: number, columns: number, bits: WeightBits): [number, number] {
  return [Math.ceil(rows / 4) * 4, bits === 4 ? rowBytes(columns, bits).blocks : columns];
}

/** The entries of one weight; factors and scales are known when the blocks have been written, just before. */
function weightEntries(
  weights: ModelWeights,
  name: string,
  rows: number,
  columns: number,
  bits: WeightBits,
): TensorEntry[] {
  const shape = fileShape(rows, columns, bits);
  const bytes = rowBytes(columns, bits);
  const factors = new Uint8Array(shape[0] * bytes.factors);
  const scales = new Float32Array(shape[0] * bytes.scales / 4);
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for (const [begin, end] of stretches(rows, columns)) {
      const values = await weights.readFloat32(name, begin, end);
      const bad = firstNotFinite(values);
      if (bad >= 0) {
        throw new FormatError(
          `cannot quantise tensor ${name}: row ${begin + Math.floor(bad / columns)} holds ${values[bad]}`,
        );
      }
      const packed = packRows(values, end - begin, columns, bits);
      factors.set(packed.factors, begin * bytes.factors);
      scales.set(packed.scales, begin);
      yield packed.blocks;
    }
  }
  const later = (suffix: string, dtype: "U8" | "F32", shape: number[], data: () => Uint8Array): TensorEntry => ({
    name: `${name}_${suffix}`,
    dtype,
    shape,
    data: async function* () {
      yield data();
    },
  });
  return [
    { name, dtype: dtypes[bits], shape, data: blocks },
    ...(bytes.factors ? [later("factor", "U8", [shape[0], bytes.factors], () => factors)] : []),
    ...(bytes.scales ? [later("scale", "F32", [shape[0]], () => bytesOf(scales))] : []),
  ];
}

/**
 * Quantises the weights of a model folder into `directory`/base.safetensors. Every tensor that the configuration asks
 * for must be there with its shape. `onProgress` gets bytes written and bytes in all.
 *
 * @throws {FormatError} for a missing tensor, a wrong shape, or a value that is not finite, naming the tensor
 */
export async function writeBase(
  weights: ModelWeights,
  config: LlamaConfig,
  bits: WeightBits,
  directory: string,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<void> {
  const tensors = llamaTensors(config);
  for (const { name, shape } of tensors) weights.expectTensor(name, shape);
  const entries = tensors.flatMap(({ name, shape }): TensorEntry[] => {
    const [rows, columns] = shape;
    if (columns !== undefined) return weightEntries(weights, name, rows!, columns, tensorBits(config, name, bits));
    const data = async function* () {
      yield bytesOf(await weights.readFloat32(name));
    };
    return [{ name, dtype: "F32", shape, data }];
  });
  const sizes = entries.map(({ shape, dtype }) => shape.reduce((a, b) => a * b, dtype === "F32" ? 4 : 1));
  const total = sizes.reduce((a, b) => a + b, 0);
  let done = 0;
  const counted = entries.map((entry): TensorEntry => ({
    ...entry,
    data: async function* () {
      for await (const piece of (entry.data as () => AsyncIterable<Uint8Array>)()) {
        yield piece;
        onProgress(done += piece.length, total);
      }
    },
  }));
  await writeSafetensors(join(directory, baseFile), counted, { layout: layouts[bits], bits: String(bits) });
}

async function loadWeight(
  device: Device,
  source: SafetensorsFile,
  name: string,
  rows: number,
  columns: number,
  bits: WeightBits,
  maxBytes: number,
) {
  const weight = createWeight(device, name, rows, columns, bits, maxBytes);
  const bytes = rowBytes(columns, bits);
  for (const [begin, end] of stretches(Math.ceil(rows / 4) * 4, columns)) {
    const blocks = await source.readBytes(name, begin * bytes.blocks, end * bytes.blocks);
    uploadRows(device, weight, "blocks", begin, blocks);
    // Uploads wait in host memory for the next submission; a large model must not gather there.
    device.gpu.queue.submit([]);
  }
  if (bytes.factors) uploadRows(device, weight, "factors", 0, await source.readBytes(`${name}_factor`));
  if (bytes.scales) uploadRows(device, weight, "scales", 0, await source.readBytes(`${name}_scale`));
  return freezeWeight(device, weight);
}

/** How to load a base. */
export interface LoadOptions {
  /** Bounds each buffer of a weight; what the device can bind when left out. */
  readonly maxBytes?: number;
  /** What the SHA-256 of base.safetensors should be: compared while it is loaded, without a second reading. */
  readonly sha256?: string;
}

/**
 * Loads a base that {@linkcode writeBase} wrote onto the device.
 *
 * @throws {FormatError} when the file is missing, of another layout, or does not fit config.json beside it
 * @throws {DamagedFileError} when its SHA-256 is another
 */
export async function loadBase(device: Device, directory: string, options: LoadOptions = {}): Promise<BaseWeights> {
  const { maxBytes = maxBindingBytes(device), sha256 } = options;
  const config = await readConfig(directory);
  using source = await openSafetensors(join(directory, baseFile));
  if (sha256 !== undefined) source.hashWhileReading();
  const bits = Number(source.metadata["bits"]) as WeightBits;
  if (!Object.hasOwn(layouts, bits) || source.metadata["layout"] !== layouts[bits]) {
    throw new FormatError(
      `cannot load ${source.path}: wanted a layout of ${Object.values(layouts).join(" or ")}, ` +
        `found "${source.metadata["layout"]}" with ${source.metadata["bits"]} bits`,
    );
  }
  const loaded = new Map<string, BaseTensor>();
  for (const { name, shape } of llamaTensors(config)) {
    const [rows, columns] = shape as [number, number?];
    const found = source.tensors.get(name);
    const stored = tensorBits(config, name, bits);
    const wanted = columns === undefined ? [rows] : fileShape(rows, columns, stored);
    if (!found || found.shape.join() !== wanted.join()) {
      throw new FormatError(
        `cannot load ${source.path}: tensor ${name} must be [${wanted}], found [${found?.shape ?? "none"}]`,
      );
    }
    if (columns !== undefined) {
      loaded.set(name, await loadWeight(device, source, name, rows, columns, stored, maxBytes));
    } else {
      const tensor = createTensor(device, name, [rows]);
      upload(device, tensor, await source.readFloat32(name));
      loaded.set(name, tensor);
    }
  }
  if (sha256 !== undefined) await source.verify(sha256);
  return assembleBase(config, bits, loaded);
}
