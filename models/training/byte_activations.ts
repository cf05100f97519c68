// Training whose forward products round activations to bytes: what that takes.
import type { Device } from "../../kernels/gpu/device.ts";
import { byteProductBytes, useByteProducts } from "../../kernels/product/byte_product.ts";
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
