import { FAMILIES } from "../families.ts";
import type { LlamaConfig } from "./config.ts";
import { LORA_TARGETS, type LoraTarget, projectionName } from "./adapter/lora_names.ts";

/** A tensor that a LLaMA model folder holds. */
export interface LlamaTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Sizes (out, in) of a projection of any layer. */
export function projectionShape(config: LlamaConfig, target: LoraTarget): [outFeatures: number, inFeatures: number] {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = config;
  switch (target) {
    case "q_proj":
      return [heads * headSize, hiddenSize];
    case "k_proj":
    case "v_proj":
      return [keyValueHeads * headSize, hiddenSize];
    case "o_proj":
      return [hiddenSize, heads * headSize];
    case "gate_proj":
    case "up_proj":
      return [intermediateSize, hiddenSize];
    case "down_proj":
      return [hiddenSize, intermediateSize];
  }
}

/** Biases and norms of a layer's queries, keys and values, where the network has them. */
function attentionVectors(config: LlamaConfig, layer: number): LlamaTensor[] {
  const prefix = `model.layers.${layer}.self_attn`;
  const family = FAMILIES[config.family];
  const biases = family.biases
    .map((target) => ({ name: `${prefix}.${target}.bias`, shape: [projectionShape(config, target)[0]] }));
  const norms = ["q_norm", "k_norm"].map((norm) => ({ name: `${prefix}.${norm}.weight`, shape: [config.headSize] }));
  return [...biases, ...family.headNorms ? norms : []];
}

/** Every tensor of a model of this configuration, in the order of use. */
export function llamaTensors(config: LlamaConfig): LlamaTensor[] {
  const { hiddenSize, vocabularySize, layers } = config;
  const tensors: LlamaTensor[] = [{ name: "model.embed_tokens.weight", shape: [vocabularySize, hiddenSize] }];
  for (let layer = 0; layer < layers; layer++) {
    tensors.push({ name: `model.layers.${layer}.input_layernorm.weight`, shape: [hiddenSize] });
    tensors.push({ name: `model.layers.${layer}.post_attention_layernorm.weight`, shape: [hiddenSize] });
    for (const target of LORA_TARGETS) {
      tensors.push({ name: projectionName(layer, target), shape: projectionShape(config, target) });
    }
    tensors.push(...attentionVectors(config, layer));
  }
  tensors.push({ name: "model.norm.weight", shape: [hiddenSize] });
  if (!config.tiedEmbeddings) tensors.push({ name: "lm_head.weight", shape: [vocabularySize, hiddenSize] });
  return tensors;
}
