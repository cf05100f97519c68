import type { Device } from "../gpu/device.ts";
import { createTensor, freeze, type Tensor } from "../gpu/tensor.ts";
import { partLayouts, rowBytes, type WeightBits, type WeightBuffer, type WeightBufferKind } from "./weight_layout.ts";
import { type PackedRows, packRows } from "./weight_pack.ts";

export { type WeightBits, type WeightBuffer, type WeightBufferKind, weightBuffers } from "./weight_layout.ts";

/**
 * A frozen weight W (rows N, columns K) on the device, in blocks of 4 rows, which follow their row of blocks and hold
 * their rows one after the other. Rows are padded with zeros to a multiple of 4.
 *
 * - float32: 4 × 4 values, 64 bytes a block
 * - int8: 4 × 4 values, 16 bytes a block; W[n][k] = int8 · scales[n]
 * - 4 bits: 4 × 8 values, 16 bytes a block; W[n][k] = level[code] · factor[n][⌊k/8⌋] · scales[n], see weight_pack.ts
 *
 * A weight larger than a binding may be lies in several parts.
 */
export interface Weight {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly bits: WeightBits;
  /** Stretches of rows, in order; at least one. */
  readonly parts: readonly WeightPart[];
}

/** A stretch of whole rows of blocks in buffers of its own. */
export interface WeightPart {
  readonly firstRow: number;
  /** A multiple of 4. */
  readonly rows: number;
  readonly blocks: Tensor;
  /** (rows / 4, columns / 16 rounded up) words of eight factors; present for 4 bits. */
  readonly factors?: Tensor;
  /** (rows); absent for float32. */
  readonly scales?: Tensor;
}

/** The largest buffer that a kernel of this device can bind. */
export function maxBindingBytes(device: Device): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.gpu.limits;
  return Math.min(maxStorageBufferBindingSize, maxBufferSize);
}

/**
 * Allocates an empty weight; fill it with {@linkcode uploadRows} or by writing to the tensors of its parts. `maxBytes`
 * bounds each buffer: what the device can bind, unless a test asks for less. Errors: columns not a multiple of 4.
 */
export function createWeight(
  device: Device,
  name: string,
  rows: number,
  columns: number,
  bits: WeightBits,
  maxBytes: number = maxBindingBytes(device),
): Weight {
  if (columns % 4) {
    throw new RangeError(`cannot store weight ${name}: columns must be a multiple of 4, found ${columns}`);
  }
  const make = (buffer: WeightBuffer | undefined, dtype: "f32" | "u32") =>
    buffer && createTensor(device, `${name}${buffer.suffix}`, [buffer.bytes / 4], dtype);
  const parts = partLayouts(rows, columns, bits, maxBytes).map(({ firstRow, rows, buffers }): WeightPart => {
    const blocks = make(buffers.blocks, bits === 32 ? "f32" : "u32") as Tensor;
    const [factors, scales] = [make(buffers.factors, "u32"), make(buffers.scales, "f32")];
    return { firstRow, rows, blocks, ...(factors && { factors }), ...(scales && { scales }) };
  });
  return { name, rows, columns, bits, parts };
}

/** The tensors of a part by the names that the kernels give them. */
export function partTensors({ blocks, factors, scales }: WeightPart): Record<string, Tensor> {
  return { blocks, ...(factors && { factors }), ...(scales && { scales }) };
}

/** All tensors of a weight, in the order of `weightBuffers`. */
export function weightTensors(weight: Weight): Tensor[] {
  return weight.parts.flatMap((part) => Object.values(partTensors(part)));
}

/** Copies packed bytes of one kind for the rows from `row` on, a multiple of 4. Errors: beyond the weight's end. */
export function uploadRows(
  device: Device,
  weight: Weight,
  kind: WeightBufferKind,
  row: number,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const each = rowBytes(weight.columns, weight.bits)[kind];
  const end = row + bytes.length / each;
  const last = weight.parts.at(-1)!;
  if (row % 4 || !(end <= last.firstRow + last.rows)) {
    throw new RangeError(
      `cannot upload ${kind} of rows ${row} to ${end} of ${weight.name}: it has ${weight.rows}, in blocks of 4`,
    );
  }
  for (const part of weight.parts) {
    const from = Math.max(row, part.firstRow), to = Math.min(end, part.firstRow + part.rows);
    const tensor = part[kind];
    if (from >= to || !tensor) continue;
    const piece = bytes.subarray((from - row) * each, (to - row) * each);
    device.gpu.queue.writeBuffer(tensor.buffer, (from - part.firstRow) * each, piece);
  }
}

/** Copies packed rows into a weight, from `row` on, a multiple of 4. */
export function uploadPacked(device: Device, weight: Weight, row: number, packed: PackedRows): void {
  const { blocks, factors, scales } = packed;
  uploadRows(device, weight, "blocks", row, blocks);
  if (factors.length) uploadRows(device, weight, "factors", row, factors);
  if (scales.length) {
    uploadRows(device, weight, "scales", row, new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength));
  }
}

/**
 * A weight whose values will not change any more, in the form in which this device reads it quickest. Uploads to it, and work
 * that writes to it, must have been submitted; the weight that was given is no longer good for anything.
 */
export function freezeWeight(device: Device, weight: Weight): Weight {
  const parts = weight.parts.map((part): WeightPart => {
    const { blocks, factors, scales } = part;
    return {
      ...part,
      blocks: freeze(device, blocks, weight.bits === 32 ? "vec4f" : "vec4u"),
      ...(factors && { factors: freeze(device, factors, "u32") }),
      ...(scales && { scales: freeze(device, scales, "vec4f") }),
    };
  });
  return { ...weight, parts };
}

/** Makes a weight from float32 values (rows, columns): for tests and small models. */
export function weightOf(
  device: Device,
  name: string,
  values: Float32Array,
  rows: number,
  columns: number,
  bits: WeightBits,
  maxBytes?: number,
): Weight {
  const weight = createWeight(device, name, rows, columns, bits, maxBytes);
  uploadPacked(device, weight, 0, packRows(values, rows, columns, bits));
  return weight;
}
