// What a training will take of the GPU's memory, to the byte, before anything is loaded: the sum of every buffer that base,
// adapter, optimizer, workspace and streams will ask for. As many layers as fit keep their activations; the others compute
// them again in backward, which costs time but gives the same result to the bit.
import { stagingBytes } from "../../kernels/gpu/tensor.ts";
import { streamBytes } from "../../kernels/gpu/stream.ts";
import { type WeightBits, weightBuffers } from "../../kernels/weight/weight.ts";
import { type Activations, byteActivationsBytes } from "./byte_activations.ts";
import { tensorBits } from "../tensor_bits.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { llamaTensors } from "../formats/llama_tensors.ts";
import { fullWeightsBytes } from "./full_weights.ts";
import { type LoraConfig, loraSize, lowestAdapted } from "./lora.ts";
import { trainerBytes } from "./trainer.ts";
import { fullTrainingWorkspace, layOut, trainingWorkspace } from "./workspace_layout.ts";

/** What memory is for. */
export const MEMORY_CATEGORIES = [
  "base weights",
  "scales",
  "norms",
  "adapter",
  "optimizer",
  "inputs",
  "layer inputs",
  "kept activations",
  "workspace",
  "staging",
] as const;

/** What memory is for. */
export type MemoryCategory = (typeof MEMORY_CATEGORIES)[number];

/** What a training is planned from. */
export interface TrainingShape {
  readonly config: LlamaConfig;
  readonly bits: WeightBits;
  /** The adapter that is trained; without it, all weights are, which must have 32 bits. */
  readonly lora?: LoraConfig;
  /** Most tokens of a micro-batch. */
  readonly tokens: number;
  /** Labelled rows whose logits exist at once. */
  readonly headRows: number;
  /** The form of activations in forward products; float32 when left out. */
  readonly activations?: Activations | undefined;
}

/** A plan of a training's memory. */
export interface MemoryPlan {
  /** Bytes by what they are for. */
  readonly categories: Readonly<Record<MemoryCategory, number>>;
  /** Bytes in all: the most that will be in use at once. */
  readonly total: number;
  /** Layers that backward reaches and whose activations are kept. */
  readonly keptLayers: number;
  /** Layers that backward reaches and computes again. */
  readonly recomputedLayers: number;
}

/** Something that would lower a plan's total. */
export interface Saving {
  readonly what: "tokens" | "head rows" | "targets" | "bits" | "adapted layers";
  readonly from: number;
  readonly to: number;
  /** Bytes. */
  readonly saves: number;
}

/** A plan that does not fit, and what would help. */
export class MemoryError extends Error {
  override name = "MemoryError";
  /** What went wrong. */
  readonly kind = "memory" as const;
  /** The command line prints such an error as one message, without a stack. */
  readonly userFacing = true as const;
  constructor(readonly plan: MemoryPlan, readonly budget: number, readonly savings: readonly Saving[]) {
    super(
      `training needs ${gigabytes(plan.total)} of GPU memory, all layers recomputed; ${
        gigabytes(budget)
      } are there. What helps:\n` + savings.map((saving) => `  ${describeSaving(saving)}`).join("\n"),
    );
  }
}

/** Bytes as GB (10⁹ bytes), or as MB where they are few. */
export function gigabytes(bytes: number): string {
  return bytes < 1e8 ? `${(bytes / 1e6).toFixed(2)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** A saving in words. */
export function describeSaving({ what, from, to, saves }: Saving): string {
  const change = {
    "tokens": `a micro-batch of ${to} tokens instead of ${from}`,
    "head rows": `${to} rows of logits at once instead of ${from}`,
    "targets": `adapting q_proj and v_proj only instead of ${from} projections`,
    "bits": `base weights of ${to} bits instead of ${from}`,
    "adapted layers": `adapting the highest ${to} layers instead of ${from}`,
  }[what];
  return `${change} saves ${gigabytes(saves)}`;
}

/** What every WebGPU device can bind. How a weight is cut into buffers does not change the sum. */
const smallestBinding = 128 * 2 ** 20;

/** Plans a training in which the highest `keptLayers` layers keep their activations. */
export function planWith(shape: TrainingShape, keptLayers: number): MemoryPlan {
  const { config, bits, lora } = shape;
  const size = lora
    ? trainingWorkspace(config, lora, { ...shape, keptLayers })
    : fullTrainingWorkspace({ ...shape, keptLayers });
  const categories = Object.fromEntries(MEMORY_CATEGORIES.map((name) => [name, 0])) as Record<MemoryCategory, number>;
  for (const { name, shape: [rows, columns] } of llamaTensors(config)) {
    if (columns === undefined) categories.norms += rows! * 4;
    else {
      for (const { suffix, bytes } of weightBuffers(rows!, columns, tensorBits(config, name, bits), smallestBinding)) {
        categories[/(scales|factors)$/.test(suffix) ? "scales" : "base weights"] += bytes;
      }
    }
  }
  categories.adapter = lora ? loraSize(config, lora) * 4 : 0;
  // A gradient and two moments of everything that is trained.
  const trained = lora ? categories.adapter : categories["base weights"] + categories.norms;
  categories.optimizer = 3 * trained + trainerBytes() + (lora ? 0 : fullWeightsBytes(config, shape.tokens));
  for (const { category, bytes } of layOut(config, size).slots) categories[category] += bytes;
  if (shape.activations) categories.workspace += byteActivationsBytes(config, shape.tokens);
  categories.staging = streamBytes + stagingBytes;
  const reached = config.layers - size.training!.lowestLayer;
  return {
    categories,
    total: Object.values(categories).reduce((a, b) => a + b, 0),
    keptLayers: Math.min(keptLayers, reached),
    recomputedLayers: reached - Math.min(keptLayers, reached),
  };
}

/**
 * Plans a training within `budget` bytes, recomputing as few layers as that allows.
 *
 * @throws {MemoryError} when it does not fit even with all layers recomputed, saying what would help
 */
export function planTraining(shape: TrainingShape, budget: number): MemoryPlan {
  const reached = shape.config.layers - (shape.lora ? lowestAdapted(shape.config, shape.lora) : 0);
  const all = planWith(shape, reached);
  if (all.total <= budget) return all;
  const none = planWith(shape, 0);
  if (none.total > budget) throw new MemoryError(none, budget, savings(shape));
  // Each kept layer costs the same until the shared activations are no longer needed, with all of them.
  const each = planWith(shape, 2).total - planWith(shape, 1).total;
  let kept = Math.min(reached - 1, Math.floor((budget - none.total) / each));
  while (planWith(shape, kept).total > budget) kept--;
  return planWith(shape, kept);
}

/** What would lower the memory of a training with all layers recomputed, most effective first. */
export function savings(shape: TrainingShape): Saving[] {
  const { config, bits, lora, tokens, headRows } = shape;
  const before = planWith(shape, 0).total;
  const saving = (what: Saving["what"], from: number, to: number, changed: Partial<TrainingShape>): Saving => ({
    what,
    from,
    to,
    saves: before - planWith({ ...shape, ...changed }, 0).total,
  });
  const half = (value: number) => Math.ceil(value / 2);
  const list = [saving("tokens", tokens, half(tokens), { tokens: half(tokens) })];
  if (headRows > 64) list.push(saving("head rows", headRows, 64, { headRows: 64 }));
  if (lora) {
    if (lora.targets.length > 2) {
      list.push(saving("targets", lora.targets.length, 2, { lora: { ...lora, targets: ["q_proj", "v_proj"] } }));
    }
    for (const fewer of [8, 4] as const) {
      if (fewer < bits) list.push(saving("bits", bits, fewer, { bits: fewer }));
    }
    const adapted = config.layers - lowestAdapted(config, lora);
    if (adapted > 1) {
      list.push(saving("adapted layers", adapted, half(adapted), { lora: { ...lora, layers: half(adapted) } }));
    }
  }
  return list.filter(({ saves }) => saves > 0).toSorted((a, b) => b.saves - a.saves);
}
