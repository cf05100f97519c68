import { memoryAtHand } from "../../kernels/device.ts";
import type { LlamaConfig } from "../../models/formats/config.ts";
import type { LoraConfig } from "../../models/lora.ts";
import { type MemoryPlan, planTraining, type TrainingShape } from "../../models/memory_plan.ts";
import type { MemoryUse } from "../core/mod.ts";

/** What decides the memory of a training. */
export interface MemoryQuestion extends Omit<TrainingShape, "lora"> {
  /** Left out, all weights are trained. */
  readonly lora?: Omit<LoraConfig, "layers"> & {
    /** Adapted layers, the highest; 0 for all. */
    readonly layers: number;
  };
  /** Gigabytes (10⁹ bytes) that the training may take; 0 for what is thought to be at hand. */
  readonly gpuMemory: number;
}

/** LoRA as the trainer takes it. */
export function loraOf<Settings extends { readonly layers: number }>(
  settings: Settings,
  { layers }: LlamaConfig,
): Settings {
  return { ...settings, layers: Math.min(settings.layers || layers, layers) };
}

/**
 * Plans the memory of a training, and says it in the terms of the pipeline.
 *
 * @throws {MemoryError} when it does not fit
 */
export async function planMemory(
  { lora, gpuMemory, ...shape }: MemoryQuestion,
): Promise<{ plan: MemoryPlan; use: MemoryUse }> {
  const limit = gpuMemory > 0 ? gpuMemory * 1e9 : await memoryAtHand();
  const plan = planTraining({ ...shape, ...(lora && { lora: loraOf(lora, shape.config) }) }, limit);
  const { categories, total, keptLayers, recomputedLayers } = plan;
  return {
    plan,
    use: { categories, total, limit, choices: { tokens: shape.tokens, keptLayers, recomputedLayers } },
  };
}
