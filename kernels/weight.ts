import type { Device } from "./device.ts";
import { createTensor, type Tensor, upload } from "./tensor.ts";

/** How a frozen weight is stored: int8 with one scale a row, or float32. */
export type WeightBits = 8 | 32;

/**
 * A frozen weight W (rows N, columns K) on the device, in 4 × 4 blocks: block (⌊n/4⌋, ⌊k/4⌋) follows its row of blocks,
 * and holds its four rows one after the other. Int8: 16 bytes a block, W[n][k] = int8 · scales[n]. Float32: 64 bytes.
 * Rows are padded with zeros to a multiple of 4.
 */
export interface Weight {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly bits: WeightBits;
  readonly blocks: Tensor;
  /** (N padded to 4); present for int8. */
  readonly scales?: Tensor;
}

/** Bytes of the block and scale buffers of a weight. K must be a multiple of 4. */
export function weightBytes(rows: number, columns: number, bits: WeightBits): { blocks: number; scales: number } {
  const padded = Math.ceil(rows / 4) * 4;
  return { blocks: padded * columns * bits / 8, scales: bits === 8 ? padded * 4 : 0 };
}

/** A quantised stretch of rows: int8 blocks and the scale of each row. */
export interface QuantizedRows {
  readonly blocks: Uint8Array<ArrayBuffer>;
  readonly scales: Float32Array<ArrayBuffer>;
}

/**
 * Quantises rows of W to int8 blocks. Symmetric, one scale a row: scale = max|w| / 127, value = round(w / scale).
 * `values` is (rows, columns) row-major; rows are padded with zeros to a multiple of 4.
 */
export function quantizeRows(values: Float32Array, rows: number, columns: number): QuantizedRows {
  const padded = Math.ceil(rows / 4) * 4;
  const blocks = new Int8Array(padded * columns);
  const scales = new Float32Array(padded);
  for (let n = 0; n < rows; n++) {
    const row = values.subarray(n * columns, (n + 1) * columns);
    let most = 0;
    for (const value of row) most = Math.max(most, Math.abs(value));
    scales[n] = most / 127;
    const inverse = most > 0 ? 127 / most : 0;
    const at = (n >> 2) * columns * 4 + (n & 3) * 4;
    for (let k = 0; k < columns; k++) {
      // Half-way values round to even, so that the sign of a weight makes no difference.
      const exact = row[k]! * inverse;
      let value = Math.round(exact);
      if (value - exact === 0.5 && value % 2) value--;
      blocks[at + (k >> 2) * 16 + (k & 3)] = value;
    }
  }
  return { blocks: new Uint8Array(blocks.buffer), scales };
}

/** Rearranges rows of W (rows, columns) into float32 blocks, rows padded with zeros to a multiple of 4. */
export function blockRows(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const blocks = new Float32Array(Math.ceil(rows / 4) * 4 * columns);
  for (let n = 0; n < rows; n++) {
    const at = (n >> 2) * columns * 4 + (n & 3) * 4;
    for (let k = 0; k < columns; k++) blocks[at + (k >> 2) * 16 + (k & 3)] = values[n * columns + k]!;
  }
  return blocks;
}

/** Allocates an empty weight; fill it with {@linkcode uploadRows} or by writing to its tensors. */
export function createWeight(device: Device, name: string, rows: number, columns: number, bits: WeightBits): Weight {
  if (columns % 4) {
    throw new RangeError(`cannot store weight ${name}: columns must be a multiple of 4, found ${columns}`);
  }
  const bytes = weightBytes(rows, columns, bits);
  const blocks = createTensor(device, name, [bytes.blocks / 4], bits === 8 ? "u32" : "f32");
  if (bits === 32) return { name, rows, columns, bits, blocks };
  return { name, rows, columns, bits, blocks, scales: createTensor(device, `${name} scales`, [bytes.scales / 4]) };
}

/** Copies packed rows into a weight; `row` is a multiple of 4. */
export function uploadRows(
  device: Device,
  weight: Weight,
  row: number,
  blocks: Uint8Array<ArrayBuffer>,
  scales?: Float32Array<ArrayBuffer>,
): void {
  const offset = row * weight.columns * weight.bits / 8;
  device.gpu.queue.writeBuffer(weight.blocks.buffer, offset, blocks);
  if (scales && weight.scales) upload(device, weight.scales, scales, row);
}

/** Makes a weight from float32 values (rows, columns): for tests and small models. */
export function weightOf(
  device: Device,
  name: string,
  values: Float32Array,
  rows: number,
  columns: number,
  bits: WeightBits,
): Weight {
  const weight = createWeight(device, name, rows, columns, bits);
  if (bits === 32) {
    uploadRows(device, weight, 0, new Uint8Array(blockRows(values, rows, columns).buffer));
  } else {
    const { blocks, scales } = quantizeRows(values, rows, columns);
    uploadRows(device, weight, 0, blocks, scales);
  }
  return weight;
}
