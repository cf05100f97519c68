import type { LlamaConfig } from "../../models/formats/config.ts";
import { projectionShape } from "../../models/formats/llama_tensors.ts";
import { LORA_TARGETS } from "../../models/formats/adapter/lora_names.ts";
import type { MicroBatch } from "../../models/training/batch.ts";
import type { LoraConfig } from "../../models/training/lora.ts";

/** The floating point operations that a training step cannot do without. */
export interface UsefulFlops {
  /** Products with frozen weights, head included. */
  readonly products: number;
  readonly attention: number;
  readonly lora: number;
  readonly total: number;
}

/**
 * The useful floating point operations of a LoRA step over one micro-batch; a multiply-add is two. Counted are
 * - products with frozen weights: forward, and backward to the input (dy·W), which the q, k and v projections of the
 *   lowest adapted layer and everything below it do not need; the head on labelled rows, forward and backward;
 * - attention over the pairs of query and key that may see each other: q·k and p·v forward, four such products backward;
 * - LoRA: A·x and B·h forward, four such products backward.
 * Not counted: gradients of frozen weights, activations that are computed again, the scores that flash attention computes
 * again, norms, rotations, softmax, and the optimizer.
 */
export function usefulFlops(config: LlamaConfig, lora: LoraConfig, batch: MicroBatch): UsefulFlops {
  const tokens = batch.ids.length;
  const labelled = batch.labels.reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0);
  const pairs = batch.positions.reduce((sum, position) => sum + position + 1, 0);
  const size = (target: typeof LORA_TARGETS[number]) => {
    const [outFeatures, inFeatures] = projectionShape(config, target);
    return { outFeatures, inFeatures, product: outFeatures * inFeatures };
  };
  const layer = LORA_TARGETS.reduce((sum, target) => sum + size(target).product, 0);
  const belowLowest = (["q_proj", "k_proj", "v_proj"] as const).reduce((sum, target) => sum + size(target).product, 0);
  const products = 2 * tokens * (2 * config.layers * layer - belowLowest) +
    4 * labelled * config.vocabularySize * config.hiddenSize;
  const attention = config.layers * 3 * 2 * 2 * pairs * config.heads * config.headSize;
  const adapted = lora.targets.reduce((sum, target) => sum + size(target).outFeatures + size(target).inFeatures, 0);
  const loraFlops = config.layers * 3 * 2 * tokens * lora.rank * adapted;
  return { products, attention, lora: loraFlops, total: products + attention + loraFlops };
}
