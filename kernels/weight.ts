import type { Device } from "./device.ts";
import { createTensor, type Tensor } from "./tensor.ts";

/** How a frozen weight is stored: int8 with one scale a row, or float32. */
export type WeightBits = 8 | 32;

/**
 * A frozen weight W (rows N, columns K) on the device, in 4 × 4 blocks: block (⌊n/4⌋, ⌊k/4⌋) follows its row of blocks,
 * and holds its four rows one after the other. Int8: 16 bytes a block, W[n][k] = int8 · scales[n]. Float32: 64 bytes.
 * Rows are padded with zeros to a multiple of 4. A weight larger than a binding may be lies in several parts.
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
  /** (rows); present for int8. */
  readonly scales?: Tensor;
}

/** A buffer of a weight before it is made. */
export interface WeightBuffer {
  /** What follows the weight's name in the buffer's label. */
  readonly suffix: string;
  readonly bytes: number;
}

interface PartLayout {
  readonly firstRow: number;
  readonly rows: number;
  readonly blocks: WeightBuffer;
  readonly scales?: WeightBuffer;
}

function padTo(count: number, unit: number): number {
  return Math.ceil(count / unit) * unit;
}

/** Cuts a weight into parts of about the same size, none of whose buffers has more than `maxBytes`. */
function layoutOf(rows: number, columns: number, bits: WeightBits, maxBytes: number): PartLayout[] {
  const padded = padTo(rows, 4);
  const rowBytes = columns * bits / 8;
  const most = Math.floor(maxBytes / Math.max(rowBytes, 4) / 4) * 4;
  if (most === 0) {
    throw new RangeError(`cannot store rows of ${columns} columns: four take ${4 * rowBytes} bytes, over ${maxBytes}`);
  }
  const count = Math.ceil(padded / most);
  const step = padTo(padded / count, 4);
  return Array.from({ length: Math.ceil(padded / step) }, (_, i) => {
    const firstRow = i * step;
    const partRows = Math.min(step, padded - firstRow);
    const suffix = count > 1 ? ` part ${i + 1}` : "";
    return {
      firstRow,
      rows: partRows,
      blocks: { suffix, bytes: partRows * rowBytes },
      ...(bits === 8 && { scales: { suffix: `${suffix} scales`, bytes: partRows * 4 } }),
    };
  });
}

/** The largest buffer that a kernel of this device can bind. */
export function maxBindingBytes(device: Device): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.gpu.limits;
  return Math.min(maxStorageBufferBindingSize, maxBufferSize);
}

/**
 * The buffers that {@linkcode createWeight} makes for W (rows, columns) where a binding holds `maxBytes` at most, to the
 * byte. Columns must be a multiple of 4.
 */
export function weightBuffers(rows: number, columns: number, bits: WeightBits, maxBytes: number): WeightBuffer[] {
  return layoutOf(rows, columns, bits, maxBytes).flatMap(({ blocks, scales }) => scales ? [blocks, scales] : [blocks]);
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

/** The rows that float32 blocks hold, row-major and without the padding: what {@linkcode blockRows} was given. */
export function unblockRows(blocks: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(rows * columns);
  for (let n = 0; n < rows; n++) {
    const at = (n >> 2) * columns * 4 + (n & 3) * 4;
    for (let k = 0; k < columns; k++) values[n * columns + k] = blocks[at + (k >> 2) * 16 + (k & 3)]!;
  }
  return values;
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
  const make = ({ suffix, bytes }: WeightBuffer, dtype: "f32" | "u32") =>
    createTensor(device, `${name}${suffix}`, [bytes / 4], dtype);
  const parts = layoutOf(rows, columns, bits, maxBytes).map(({ firstRow, rows, blocks, scales }): WeightPart => ({
    firstRow,
    rows,
    blocks: make(blocks, bits === 32 ? "f32" : "u32"),
    ...(scales && { scales: make(scales, "f32") }),
  }));
  return { name, rows, columns, bits, parts };
}

/** All tensors of a weight, in the order of {@linkcode weightBuffers}. */
export function weightTensors(weight: Weight): Tensor[] {
  return weight.parts.flatMap(({ blocks, scales }) => scales ? [blocks, scales] : [blocks]);
}

/** Writes `values` for the rows from `row` on, `rowBytes` a row, to one tensor of each part that they touch. */
function uploadTo(
  device: Device,
  weight: Weight,
  tensorOf: (part: WeightPart) => Tensor | undefined,
  row: number,
  rowBytes: number,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const end = row + bytes.length / rowBytes;
  const last = weight.parts.at(-1)!;
  if (row % 4 || end > last.firstRow + last.rows) {
    throw new RangeError(
      `cannot upload rows ${row} to ${end} of ${weight.name}: it has ${weight.rows}, in blocks of 4`,
    );
  }
  for (const part of weight.parts) {
    const from = Math.max(row, part.firstRow), to = Math.min(end, part.firstRow + part.rows);
    const tensor = tensorOf(part);
    if (from >= to || !tensor) continue;
    const piece = bytes.subarray((from - row) * rowBytes, (to - row) * rowBytes);
    device.gpu.queue.writeBuffer(tensor.buffer, (from - part.firstRow) * rowBytes, piece);
  }
}

/** Copies packed rows into a weight; `row` is a multiple of 4. Errors: beyond the weight's end. */
export function uploadRows(device: Device, weight: Weight, row: number, blocks: Uint8Array<ArrayBuffer>): void {
  uploadTo(device, weight, (part) => part.blocks, row, weight.columns * weight.bits / 8, blocks);
}

/** Copies the scales of rows into a weight; `row` is a multiple of 4. Errors: beyond the weight's end. */
export function uploadScales(device: Device, weight: Weight, row: number, scales: Float32Array<ArrayBuffer>): void {
  const bytes = new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength);
  uploadTo(device, weight, (part) => part.scales, row, 4, bytes);
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
  if (bits === 32) {
    uploadRows(device, weight, 0, new Uint8Array(blockRows(values, rows, columns).buffer));
  } else {
    const { blocks, scales } = quantizeRows(values, rows, columns);
    uploadRows(device, weight, 0, blocks);
    uploadScales(device, weight, 0, scales);
  }
  return weight;
}
