import { fromFiniteFloat32 } from "../dtype.ts";
import { FormatError } from "../error.ts";
import { GGUF_TYPES, type GgufType } from "./gguf_types.ts";

/** Element types that tensors are written in. */
export type WrittenGgufType = Extract<GgufType, "F32" | "F16" | "BF16" | "Q8_0">;

/**
 * Float32 values as elements of a type.
 *
 * @param values whole rows, whose length is a multiple of the type's block
 * @param where the tensor and its file, for the message
 * @throws {FormatError} when a value is not finite, or too large for the type
 */
export function toGguf(
  type: WrittenGgufType,
  values: Float32Array<ArrayBuffer>,
  where: string,
): Uint8Array<ArrayBuffer> {
  return type === "Q8_0" ? quantizeQ8(values, where) : fromFiniteFloat32(type, values, where);
}

/** Blocks of 32 values: a float16 scale max|x| / 127, then the int8 quotients, rounded away from zero at halves. */
function quantizeQ8(values: Float32Array<ArrayBuffer>, where: string): Uint8Array<ArrayBuffer> {
  const { blockValues, blockBytes } = GGUF_TYPES.Q8_0;
  const bytes = new Uint8Array(values.length / blockValues * blockBytes);
  const view = new DataView(bytes.buffer);
  const quotients = new Int8Array(bytes.buffer);
  for (let block = 0, at = 0; at < values.length; block += blockBytes, at += blockValues) {
    let most = 0;
    for (let i = at; i < at + blockValues; i++) most = Math.max(most, Math.abs(values[i]!)); // NaN stays NaN
    const scale = Math.fround(most / 127);
    view.setFloat16(block, scale, true);
    if (!Number.isFinite(view.getFloat16(block, true))) {
      throw new FormatError(`${where}: ${most} is not finite as Q8_0`);
    }
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    for (let i = 0; i < blockValues; i++) {
      const quotient = Math.fround(values[at + i]! * inverse);
      quotients[block + 2 + i] = Math.sign(quotient) * Math.round(Math.abs(quotient));
    }
  }
  return bytes;
}
