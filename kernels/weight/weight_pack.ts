// How rows of a frozen weight become the bytes that the kernels read (weight_block.wgsl), and back. On the processor,
// with typed arrays only: a 7B model has 6.7 billion values.
import { rowBytes, type WeightBits } from "./weight_layout.ts";

/** Packed rows of a weight, padded with zeros to a multiple of 4. */
export interface PackedRows {
  readonly blocks: Uint8Array<ArrayBuffer>;
  /** A 4-bit factor for each 8 values of a row; empty unless of 4 bits. */
  readonly factors: Uint8Array<ArrayBuffer>;
  /** The scale of each row; empty at 32 bits. */
  readonly scales: Float32Array<ArrayBuffer>;
}

/** The value of a 4-bit code before factor and scale: denser about zero, as weights are. Odd in 2·code − 15. */
export function levelOf(code: number): number {
  const odd = 2 * code - 15;
  return odd * (1 + odd * odd / 1000);
}

/** The factor that four bits stand for: the largest is six times the smallest. */
export function factorOf(bits: number): number {
  return bits + 3;
}

const levels = Float64Array.from({ length: 16 }, (_, code) => levelOf(code));
const factors = Float64Array.from({ length: 16 }, (_, bits) => factorOf(bits));
const topLevel = levelOf(15);
const topFactor = factorOf(15);

/** Codes of the nearest level for values of −topLevel … topLevel in so many steps. */
const steps = 4096;
const nearest = Uint8Array.from({ length: steps + 1 }, (_, i) => {
  const value = (i / steps * 2 - 1) * topLevel;
  return levels.reduce(
    (best, level, code) => Math.abs(level - value) < Math.abs(levels[best]! - value) ? code : best,
    0,
  );
});

function largest(values: Float32Array, begin: number, end: number): number {
  let most = 0;
  for (let i = begin; i < end; i++) {
    const size = Math.abs(values[i]!);
    if (size > most) most = size;
  }
  return most;
}

function padded(rows: number): number {
  return Math.ceil(rows / 4) * 4;
}

/** Adding and taking away 1.5 · 2⁵² rounds a double to a whole number, half-way values to the even one. */
const rounder = 1.5 * 2 ** 52;

/** Int8, symmetric, one scale a row: scale = max|w| / 127, value = w / scale; rounded so that signs make no difference. */
function packInt8(values: Float32Array, rows: number, columns: number): PackedRows {
  const words = new Int32Array(padded(rows) * columns / 4);
  const scales = new Float32Array(padded(rows));
  for (let n = 0; n < rows; n++) {
    const from = n * columns;
    const most = largest(values, from, from + columns);
    scales[n] = most / 127;
    const inverse = most > 0 ? 127 / most : 0;
    let at = (n >> 2) * columns + (n & 3);
    for (let k = from; k < from + columns; k += 4) {
      const a = values[k]! * inverse + rounder - rounder, b = values[k + 1]! * inverse + rounder - rounder;
      const c = values[k + 2]! * inverse + rounder - rounder, d = values[k + 3]! * inverse + rounder - rounder;
      words[at] = (a & 255) | (b & 255) << 8 | (c & 255) << 16 | d << 24;
      at += 4;
    }
  }
  return { blocks: new Uint8Array(words.buffer), factors: new Uint8Array(), scales };
}

/** Factors to try about the one that just holds the largest value, the likeliest first: later ones often stop early. */
const tried = Int8Array.of(0, -1, 1, -2, -3, 2, -4);
const trial = new Uint8Array(8);

/**
 * Writes the codes of up to eight values (from `begin` on) to `codes` and gives the factor's bits: those of the least
 * squared error among the likely ones.
 */
function packEighth(values: Float32Array, begin: number, count: number, scale: number, codes: Uint8Array): number {
  const most = largest(values, begin, begin + count) / (scale * topLevel);
  const fitting = Math.min(15, Math.max(0, Math.ceil(most - factors[0]!)));
  let best = Infinity, bits = 0;
  for (let t = 0; t < tried.length; t++) {
    const candidate = fitting + tried[t]!;
    if (candidate < 0 || candidate > 15) continue;
    const step = scale * factors[candidate]!;
    const toIndex = steps / (2 * topLevel * step);
    let error = 0;
    for (let i = 0; i < count && error < best; i++) {
      const value = values[begin + i]!;
      const index = value * toIndex + (steps / 2 + 0.5);
      const code = nearest[index < 0 ? 0 : index > steps ? steps : index | 0]!;
      trial[i] = code;
      const off = levels[code]! * step - value;
      error += off * off;
    }
    if (error < best) {
      best = error;
      bits = candidate;
      for (let i = 0; i < 8; i++) codes[i] = trial[i]!;
    }
  }
  return bits;
}

/**
 * Four bits: value = scale of the row · factor of eight neighbours in the row · level of its code. A block of 16 bytes
 * is 4 rows × 8 columns; the word of a row has columns 0 to 3 in the low halves of its bytes, 4 to 7 in the high ones.
 * A factor word is 4 rows × 16 columns: four bits a row, the second block in the upper half.
 */
function pack4(values: Float32Array, rows: number, columns: number): PackedRows {
  const bytes = rowBytes(columns, 4);
  const blocks = new Uint8Array(padded(rows) * bytes.blocks);
  const packedFactors = new Uint8Array(padded(rows) * bytes.factors);
  const scales = new Float32Array(padded(rows));
  const codes = new Uint8Array(8);
  for (let n = 0; n < rows; n++) {
    const from = n * columns;
    const scale = Math.fround(largest(values, from, from + columns) / (topLevel * topFactor));
    scales[n] = scale;
    if (scale === 0) continue;
    const row = n & 3;
    const blockRow = (n >> 2) * bytes.blocks * 4 + row * 4, factorRow = (n >> 2) * bytes.factors * 4;
    for (let k = 0; k < columns; k += 8) {
      const bits = packEighth(values, from + k, Math.min(8, columns - k), scale, codes);
      const eighth = k >> 3;
      const factorAt = factorRow + (eighth >> 1) * 4 + (eighth & 1) * 2 + (row >> 1);
      packedFactors[factorAt] = packedFactors[factorAt]! | bits << (row & 1) * 4;
      for (let i = 0; i < 4; i++) blocks[blockRow + eighth * 16 + i] = codes[i]! | codes[i + 4]! << 4;
    }
  }
  return { blocks, factors: packedFactors, scales };
}

/** Rearranges rows (rows, columns) into float32 blocks, rows padded with zeros to a multiple of 4. */
export function blockRows(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const blocks = new Float32Array(padded(rows) * columns);
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

/** Packs `values` (rows, columns), row-major; columns must be a multiple of 4. */
export function packRows(values: Float32Array, rows: number, columns: number, bits: WeightBits): PackedRows {
  if (bits === 4) return pack4(values, rows, columns);
  if (bits === 8) return packInt8(values, rows, columns);
  const blocks = new Uint8Array(blockRows(values, rows, columns).buffer);
  return { blocks, factors: new Uint8Array(), scales: new Float32Array() };
}

/** The values that packed rows stand for, (rows, columns): what the kernels compute with, but for rounding. */
export function unpackRows(packed: PackedRows, rows: number, columns: number, bits: WeightBits): Float64Array {
  const bytes = rowBytes(columns, bits);
  const { blocks, factors: packedFactors, scales } = packed;
  const signed = new Int8Array(blocks.buffer, blocks.byteOffset, blocks.length);
  const view = new DataView(blocks.buffer, blocks.byteOffset);
  return Float64Array.from({ length: rows * columns }, (_, index) => {
    const n = Math.floor(index / columns), k = index % columns;
    const row = n & 3;
    const blockRow = (n >> 2) * bytes.blocks * 4;
    const cell = (k >> 2) * 16 + row * 4 + (k & 3);
    if (bits === 32) return view.getFloat32(blockRow + cell * 4, true);
    if (bits === 8) return signed[blockRow + cell]! * scales[n]!;
    const code = blocks[blockRow + (k >> 3) * 16 + row * 4 + (k & 3)]! >> (k & 4) & 15;
    const byte = packedFactors[(n >> 2) * bytes.factors * 4 + (k >> 4) * 4 + (k >> 3 & 1) * 2 + (row >> 1)]!;
    return scales[n]! * factors[byte >> (row & 1) * 4 & 15]! * levels[code]!;
  });
}
