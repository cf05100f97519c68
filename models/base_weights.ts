// The weights of a network on the device, and their names: one place knows which tensor of a model folder is which.
import type { Tensor } from "../kernels/gpu/tensor.ts";
import type { Weight, WeightBits } from "../kernels/weight/weight.ts";
import type { LlamaConfig } from "./formats/config.ts";
import { llamaTensors } from "./formats/llama_tensors.ts";
import type { LoraTarget } from "./formats/adapter/lora_names.ts";

/** The weights of one layer on the device. */
export interface LayerWeights extends Readonly<Record<LoraTarget, Weight>> {
  readonly input_layernorm: Tensor;
  readonly post_attention_layernorm: Tensor;
  /** Of queries, keys and values, (H·D), (G·D) and (G·D), where the network has them. */
  readonly q_proj_bias?: Tensor;
  readonly k_proj_bias?: Tensor;
  readonly v_proj_bias?: Tensor;
  /** Of the heads of queries and keys, (D), where the network has them. */
  readonly q_norm?: Tensor;
  readonly k_norm?: Tensor;
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

/** A matrix, or the weight of a norm, or a bias. */
export type BaseTensor = Weight | Tensor;

/** Whether a tensor of a network is a matrix. */
export function isMatrix(tensor: BaseTensor): tensor is Weight {
  return "parts" in tensor;
}

/** The field of {@linkcode LayerWeights} for a tensor of a layer: the module that it belongs to. */
function fieldOf(name: string): keyof LayerWeights {
  const [module, end] = name.split(".").slice(-2);
  return (end === "bias" ? `${module}_bias` : module) as keyof LayerWeights;
}

/** Puts a network together from its tensors under their names in a model folder; all that the configuration asks for. */
export function assembleBase(
  config: LlamaConfig,
  bits: WeightBits,
  tensors: ReadonlyMap<string, BaseTensor>,
): BaseWeights {
  const layer = (index: number) => {
    const parts = [...tensors].filter(([name]) => name.startsWith(`model.layers.${index}.`));
    return Object.fromEntries(parts.map(([name, part]) => [fieldOf(name), part])) as unknown as LayerWeights;
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
    return base.layers[Number(name.split(".")[2])]![fieldOf(name)]!;
  };
  return new Map(llamaTensors(base.config).map(({ name }) => [name, tensorOf(name)]));
}
