import { toFloat32 } from "./dtype.ts";
import { GGUF_TYPES, type GgufType } from "./gguf_types.ts";

/**
 * The values of whole blocks of a GGUF tensor as float32.
 *
 * @param bytes the blocks, starting at a multiple of the element size in their buffer
 * @param where the tensor and its file, for messages
 */
export function dequantize(type: GgufType, bytes: Uint8Array<ArrayBuffer>, where: string): Float32Array<ArrayBuffer> {
  if (type === "F32" || type === "F16" || type === "BF16") return toFloat32(type, bytes, where);
  const { blockValues, blockBytes } = GGUF_TYPES[type];
  const blocks = bytes.length / blockBytes;
  const values = new Float32Array(blocks * blockValues);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const block = { Q8_0: blockOfQ8, Q4_0: blockOfQ4, Q6_K: blockOfQ6 }[type];
  for (let i = 0; i < blocks; i++) block(view, i * blockBytes, values, i * blockValues);
  return values;
}

type Block = (view: DataView, at: number, out: Float32Array, to: number) => void;

/** A float16 scale, 32 int8 quotients. */
const blockOfQ8: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  for (let i = 0; i < 32; i++) out[to + i] = scale * view.getInt8(at + 2 + i);
};

/** A float16 scale, 16 bytes: the low halves are the quotients + 8 of the first 16 values, the high ones of the others. */
const blockOfQ4: Block = (view, at, out, to) => {
  const scale = view.getFloat16(at, true);
  for (let i = 0; i < 16; i++) {
    const pair = view.getUint8(at + 2 + i);
    out[to + i] = scale * ((pair & 15) - 8);
    out[to + 16 + i] = scale * ((pair >> 4) - 8);
  }
};

/**
 * 256 values of 6 bits: 128 bytes of low halves, 64 bytes of two high bits, 16 int8 scales of 16 values each, a float16
 * scale of them all. Each half of the block interleaves four rows of 32 values.
 */
const blockOfQ6: Block = (view, at, out, to) => {
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
