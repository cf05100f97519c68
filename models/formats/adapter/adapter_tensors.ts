import type { AdapterConfig } from "./adapter_config.ts";
import type { LoraTarget } from "./lora_names.ts";

/** LoRA of one projection: y += (alpha / R) · B·A·x. */
export interface AdapterTensor {
  readonly layer: number;
  readonly target: LoraTarget;
  /** A (R, in). */
  readonly a: Float32Array;
  /** B (out, R). */
  readonly b: Float32Array;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** A LoRA adapter of one rank and one scale. */
export interface Adapter extends AdapterConfig {
  /** By layer, then in the order of LORA_TARGETS. */
  readonly tensors: readonly AdapterTensor[];
  /** How many layers are adapted, the highest; absent when all are. */
  readonly layers?: number;
}
