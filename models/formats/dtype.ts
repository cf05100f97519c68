import { FormatError } from "./error.ts";

/** Bytes of one element, by the element type names that safetensors files use. */
const ELEMENT_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

/** Element type of a tensor in a file. */
export type Dtype = keyof typeof ELEMENT_BYTES;

/** True when this project knows the size of the named element type. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(ELEMENT_BYTES, name);
}

/** Bytes of one element of the type. */
export function elementBytes(dtype: Dtype): number {
  return ELEMENT_BYTES[dtype];
}

/**
 * Bytes of a tensor. An empty shape is a scalar, a zero in the shape gives zero bytes.
 *
 * @returns the size, or undefined when the product passes 2^53 − 1
 */
export function tensorBytes(dtype: Dtype, shape: readonly number[]): number | undefined {
  let bytes: number = ELEMENT_BYTES[dtype];
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return bytes;
}

/**
 * Widens little-endian F32, F16 or BF16 bytes to float32. Every value of these types is represented exactly.
 *
 * @param bytes the elements, starting at a multiple of the element size in their buffer
 * @param where the tensor and its file, for the message
 * @throws {FormatError} for another element type
 */
export function toFloat32(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>, where: string): Float32Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case "F16":
      return new Float32Array(new Float16Array(buffer, byteOffset, byteLength / 2));
    case "BF16": {
      const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
      const words = new Uint32Array(halves.length);
      for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
      return new Float32Array(words.buffer);
    }
    default:
      throw new FormatError(`${where} has element type ${dtype}; wanted F32, F16 or BF16`);
  }
}

/** Element types that weights are written in. */
export const FLOAT_DTYPES = ["F32", "F16", "BF16"] as const;

/** An element type that weights are written in. */
export type FloatDtype = (typeof FLOAT_DTYPES)[number];

/** Narrows float32 to F32, F16 or BF16 bytes, little-endian; the nearest value, of two as near the even one. */
export function fromFloat32(dtype: FloatDtype, values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (dtype === "F32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (dtype === "F16") return new Uint8Array(new Float16Array(values).buffer);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  // Half of a unit in the last place is added, a little less where that is even: NaN, which this could overflow, is kept.
  const halves = Uint16Array.from(
    words,
    (word, i) => Number.isNaN(values[i]) ? 0x7fc0 : (word + 0x7fff + (word >>> 16 & 1)) / 65536,
  );
  return new Uint8Array(halves.buffer);
}

/**
 * {@linkcode fromFloat32}, refusing what the element type cannot hold.
 *
 * @param where the tensor and its file, for the message
 * @throws {FormatError} when a value is not finite, or too large for the type
 */
export function fromFiniteFloat32(
  dtype: FloatDtype,
  values: Float32Array<ArrayBuffer>,
  where: string,
): Uint8Array<ArrayBuffer> {
  const bytes = fromFloat32(dtype, values);
  const { buffer, byteOffset } = bytes;
  const words = dtype === "F32"
    ? new Uint32Array(buffer, byteOffset, values.length)
    : new Uint16Array(buffer, byteOffset, values.length);
  // Infinity has an exponent of ones, as NaN has.
  const ones = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 }[dtype];
  for (let i = 0; i < words.length; i++) {
    if ((words[i]! & ones) === ones) throw new FormatError(`${where}: ${values[i]} is not finite as ${dtype}`);
  }
  return bytes;
}
