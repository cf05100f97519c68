import { toFloat32 } from "../dtype.ts";
import { BLOCKS } from "./gguf_blocks.ts";
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
  const block = BLOCKS[type];
  for (let i = 0; i < blocks; i++) block(view, i * blockBytes, values, i * blockValues);
  return values;
}
