import { memoryAtHand } from "../../../kernels/machine/memory.ts";
import type { LoraConfig } from "../../../models/training/lora.ts";
import { type MemoryPlan, planTraining, type TrainingShape } from "../../../models/training/memory_plan.ts";
import type { MemoryUse } from "../../core/mod.ts";
import { loraOf } from "./lora_options.ts";

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

/** A plan of a training's memory, what it was made for, and the same in the terms of the pipeline. */
export interface PlannedMemory {
  readonly plan: MemoryPlan;
  readonly shape: TrainingShape;
  readonly use: MemoryUse;
}

/**
 * Plans the memory of a training.
 *
 * @throws {MemoryError} when it does not fit
 */
export async function planMemory({ lora, gpuMemory, ...rest }: MemoryQuestion): Promise<PlannedMemory> {
  const { bytes: limit, source } = gpuMemory > 0
    ? { bytes: gpuMemory * 1e9, source: "gpuMemory" }
    : await memoryAtHand();
  const shape = { ...rest, ...(lora && { lora: loraOf(lora, rest.config) }) };
  const plan = planTraining(shape, limit);
  const { categories, total, keptLayers, recomputedLayers } = plan;
  return {
    plan,
    shape,
    use: { categories, total, limit, source, choices: { tokens: shape.tokens, keptLayers, recomputedLayers } },
  };
}
