// The weights of a network on the device, and their names: one place knows which tensor of a model folder is which.
import type { Tensor } from "../kernels/tensor.ts";
import type { Weight, WeightBits } from "../kernels/weight.ts";
import type { LlamaConfig } from "./formats/config.ts";
import { llamaTensors } from "./formats/llama_tensors.ts";
import type { LoraTarget } from "./formats/lora_names.ts";

/** The weights of one layer on the device. */
export interface LayerWeights extends Readonly<Record<LoraTarget, Weight>> {
  readonly input_layernorm: Tensor;
  readonly post_attention_layernorm: Tensor;
}

/** The weights of a network on the device; gradients and moments of such a network have the same form. */
export interface BaseWeights {
  readonly config: LlamaConfig;
  /** Of most weights, see tensor_bits.ts. */
  readonly bits: WeightBits;
  /** (V, C). */
  readonly embedding: Weight;
  readonly layers: readonly LayerWeights[];
  /** (C). */
  readonly norm: Tensor;
  /** (V, C); the embedding itself where the two are tied. */
  readonly head: Weight;
}

/** A matrix, or the weight of a norm. */
export type BaseTensor = Weight | Tensor;

/** Whether a tensor of a network is a matrix. */
export function isMatrix(tensor: BaseTensor): tensor is Weight {
  return "parts" in tensor;
}

/** Puts a network together from its tensors under their names in a model folder; all that the configuration asks for. */
export function assembleBase(
  config: LlamaConfig,
  bits: WeightBits,
  tensors: ReadonlyMap<string, BaseTensor>,
): BaseWeights {
  const layer = (index: number) => {
    const parts = [...tensors].filter(([name]) => name.startsWith(`model.layers.${index}.`));
    return Object.fromEntries(parts.map(([name, part]) => [name.split(".").at(-2)!, part])) as unknown as LayerWeights;
  };
  const embedding = tensors.get("model.embed_tokens.weight") as Weight;
  return {
    config,
    bits,
    embedding,
    layers: Array.from({ length: config.layers }, (_, index) => layer(index)),
    norm: tensors.get("model.norm.weight") as Tensor,
    head: (tensors.get("lm_head.weight") as Weight | undefined) ?? embedding,
  };
}

/** The tensors of a network under their names in a model folder, in the order of use. */
export function baseTensors(base: BaseWeights): Map<string, BaseTensor> {
  const tensorOf = (name: string): BaseTensor => {
    if (name === "model.embed_tokens.weight") return base.embedding;
    if (name === "lm_head.weight") return base.head;
    if (name === "model.norm.weight") return base.norm;
    const part = name.split(".");
    return base.layers[Number(part[2])]![part.at(-2) as keyof LayerWeights];
  };
  return new Map(llamaTensors(base.config).map(({ name }) => [name, tensorOf(name)]));
}
