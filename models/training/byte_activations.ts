// Training whose forward products round activations to bytes: what that takes, and what it wants of a base.
import type { Device } from "../../kernels/gpu/device.ts";
import { byteProductBytes, useByteProducts } from "../../kernels/product/byte_product.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import type { LlamaConfig } from "../formats/config.ts";

/** Forms of activations in forward products, other than float32. */
export const ACTIVATIONS = ["int8"] as const;

/** A form of activations. */
export type Activations = typeof ACTIVATIONS[number];

/** The most columns that a forward product reads. */
const widest = ({ hiddenSize, intermediateSize, heads, headSize }: LlamaConfig) =>
  Math.max(hiddenSize, intermediateSize, heads * headSize);

/** Bytes of device memory for a micro-batch of so many tokens. */
export function byteActivationsBytes(config: LlamaConfig, tokens: number): number {
  return byteProductBytes(tokens, widest(config));
}

/** Lets a device round the activations of micro-batches of so many tokens, until what is returned is disposed of. */
export function useByteActivations(device: Device, config: LlamaConfig, tokens: number): Disposable {
  return useByteProducts(device, tokens, widest(config));
}

/** Bytes meet bytes only. @throws {RangeError} for a base of other bits */
export function checkByteActivations(bits: WeightBits): void {
  if (bits !== 8) throw new RangeError(`train: int8 activations want a base of 8 bits, found ${bits}`);
}
