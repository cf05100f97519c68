// How a block of each quantised element type of GGUF becomes values. Layouts: ggml-common.h of
// https://github.com/ggml-org/ggml; a scale is a float16 unless it says otherwise.
import type { GgufType } from "./gguf_types.ts";

/** Writes the values of the block that begins at byte `at` to `out`, from index `to` on. */
type Block = (view: DataView, at: number, out: Float32Array, to: number) => void;

/** Element types whose values are not elements by themselves. */
export type QuantisedGgufType = Exclude<GgufType, "F32" | "F16" | "BF16">;

/** Scale, 32 int8 quotients. */
const q8_0: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  for (let i = 0; i < 32; i++) out[to + i] = scale * view.getInt8(at + 2 + i);
};

/** Scale, 16 bytes: the low halves are the quotients + 8 of the first 16 values, the high ones of the others. */
const q4_0: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  for (let i = 0; i < 16; i++) {
    const pair = view.getUint8(at + 2 + i);
    out[to + i] = scale * ((pair & 15) - 8);
    out[to + 16 + i] = scale * ((pair >> 4) - 8);
  }
};

/** As Q4_0, with a least value after the scale instead of the 8. */
const q4_1: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  const least = view.getFloat16(at + 2, true);
  for (let i = 0; i < 16; i++) {
    const pair = view.getUint8(at + 4 + i);
    out[to + i] = scale * (pair & 15) + least;
    out[to + 16 + i] = scale * (pair >> 4) + least;
  }
};

/** As Q4_0, with the fifth bits of the 32 quotients + 16 as a number before them. */
const q5_0: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  const fifth = view.getUint32(at + 2, true);
  for (let i = 0; i < 16; i++) {
    const pair = view.getUint8(at + 6 + i);
    out[to + i] = scale * ((pair & 15 | (fifth >>> i & 1) << 4) - 16);
    out[to + 16 + i] = scale * ((pair >> 4 | (fifth >>> i + 16 & 1) << 4) - 16);
  }
};

/** As Q4_1, with the fifth bits of the quotients. */
const q5_1: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  const least = view.getFloat16(at + 2, true);
  const fifth = view.getUint32(at + 4, true);
  for (let i = 0; i < 16; i++) {
    const pair = view.getUint8(at + 8 + i);
    out[to + i] = scale * (pair & 15 | (fifth >>> i & 1) << 4) + least;
    out[to + 16 + i] = scale * (pair >> 4 | (fifth >>> i + 16 & 1) << 4) + least;
  }
};

/**
 * 16 bytes of a scale (low half) and a least value (high half) for 16 values each, 64 bytes of four 2-bit quotients,
 * the scales of the scales and of the least values. Each half of the block interleaves four rows of 32 values.
 */
const q2_K: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at + 80, true);
  const leastScale = view.getFloat16(at + 82, true);
  for (let group = 0; group < 16; group++) {
    const factors = view.getUint8(at + group);
    const factor = scale * (factors & 15);
    const least = leastScale * (factors >> 4);
    const from = at + 16 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = (group >> 1 & 3) * 2;
    for (let i = 0; i < 16; i++) {
      out[to + group * 16 + i] = factor * (view.getUint8(from + i) >> shift & 3) - least;
    }
  }
};

/**
 * 32 bytes of third bits (bit r of byte i is of value 32 · r + i), 64 bytes of two low bits as in Q2_K, 12 bytes of
 * 16 scales of 6 bits + 32, their scale. A quotient without its third bit is 4 less.
 */
const q3_K: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at + 108, true);
  for (let group = 0; group < 16; group++) {
    const low = view.getUint8(at + 96 + (group & 7)) >> (group >> 3) * 4 & 15;
    const high = view.getUint8(at + 104 + (group & 3)) >> (group >> 2) * 2 & 3;
    const factor = scale * ((high << 4 | low) - 32);
    const from = (group & 1) * 16;
    const row = group >> 1;
    for (let i = 0; i < 16; i++) {
      const bits = view.getUint8(at + 32 + (row >> 2) * 32 + from + i) >> (row & 3) * 2 & 3;
      const third = view.getUint8(at + from + i) >> row & 1;
      out[to + group * 16 + i] = factor * (bits - (third ? 0 : 4));
    }
  }
};

/**
 * The scale and the least value, 6 bits each, of 32-value group `group` of a Q4_K or Q5_K block, whose 12 bytes begin at
 * `at`: the first four of each lie in the low bits of bytes 0 to 7, the others in bytes 8 to 11 and the high bits of those.
 */
function factorsOfGroup(view: DataView, at: number, group: number): [factor: number, least: number] {
  const first = view.getUint8(at + (group & 3));
  const second = view.getUint8(at + (group & 3) + 4);
  if (group < 4) return [first & 63, second & 63];
  const both = view.getUint8(at + group + 4);
  return [both & 15 | first >> 6 << 4, both >> 4 | second >> 6 << 4];
}

/** Scale of the scales and of the least values, 12 bytes of these, 128 bytes: two groups of 32 quotients in 32 bytes. */
const q4_K: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  const leastScale = view.getFloat16(at + 2, true);
  for (let group = 0; group < 8; group++) {
    const [factor, least] = factorsOfGroup(view, at + 4, group);
    const from = at + 16 + (group >> 1) * 32;
    for (let i = 0; i < 32; i++) {
      const quotient = view.getUint8(from + i) >> (group & 1) * 4 & 15;
      out[to + group * 32 + i] = scale * factor * quotient - leastScale * least;
    }
  }
};

/** As Q4_K, with 32 bytes of fifth bits before the quotients: bit g of byte i is of value i of group g. */
const q5_K: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  const leastScale = view.getFloat16(at + 2, true);
  for (let group = 0; group < 8; group++) {
    const [factor, least] = factorsOfGroup(view, at + 4, group);
    const from = at + 48 + (group >> 1) * 32;
    for (let i = 0; i < 32; i++) {
      const quotient = view.getUint8(from + i) >> (group & 1) * 4 & 15 | (view.getUint8(at + 16 + i) >> group & 1) << 4;
      out[to + group * 32 + i] = scale * factor * quotient - leastScale * least;
    }
  }
};

/**
 * 256 values of 6 bits: 128 bytes of low halves, 64 bytes of two high bits, 16 int8 scales of 16 values each, a scale of
 * them all. Each half of the block interleaves four rows of 32 values.
 */
const q6_K: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at + 208, true);
  for (let half = 0; half < 2; half++) {
    for (let row = 0; row < 4; row++) {
      for (let i = 0; i < 32; i++) {
        const low = view.getUint8(at + half * 64 + (row & 1) * 32 + i) >> (row & 2 ? 4 : 0) & 15;
        const high = view.getUint8(at + 128 + half * 32 + i) >> (2 * row) & 3;
        const factor = view.getInt8(at + 192 + half * 8 + row * 2 + (i >> 4));
        out[to + half * 128 + row * 32 + i] = scale * factor * ((high << 4 | low) - 32);
      }
    }
  }
};

/** A float32 scale, 256 int8 quotients, sums of 16 of them each, which the values do not need. */
const q8_K: Block = (view, at, out, to) => {
  const scale = view.getFloat32(at, true);
  for (let i = 0; i < 256; i++) out[to + i] = scale * view.getInt8(at + 4 + i);
};

/** By element type. */
export const BLOCKS: Readonly<Record<QuantisedGgufType, Block>> = {
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q8_0: q8_0,
  Q2_K: q2_K,
  Q3_K: q3_K,
  Q4_K: q4_K,
  Q5_K: q5_K,
  Q6_K: q6_K,
  Q8_K: q8_K,
};
