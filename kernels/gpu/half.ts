// Keys and values that are only read again for attention may be kept as float16, as is usual: half the memory, and half the
// loads. A tensor of them holds two values a word of type u32, so its last dimension is half as long.
import type { Tensor } from "./tensor.ts";

/** Whether a tensor holds pairs of float16. */
export function isHalf({ dtype }: Tensor): boolean {
  return dtype === "u32";
}

/** The shape and type of a tensor for values of this shape, in so many bits. The last dimension must be even at 16. */
export function storedAs(shape: readonly number[], bits: 16 | 32): { shape: number[]; dtype: "f32" | "u32" } {
  const last = shape.at(-1)!;
  return bits === 32 ? { shape: [...shape], dtype: "f32" } : { shape: [...shape.slice(0, -1), last / 2], dtype: "u32" };
}
