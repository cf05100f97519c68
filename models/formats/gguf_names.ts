import { type LlamaConfig, modelType } from "./config.ts";

/** The ends of Hugging Face's names of a layer's tensors, and GGUF's for the same. */
const LAYER_NAMES: readonly (readonly [huggingFace: string, gguf: string])[] = [
  ["input_layernorm", "attn_norm"],
  ["post_attention_layernorm", "ffn_norm"],
  ["self_attn.q_proj", "attn_q"],
  ["self_attn.k_proj", "attn_k"],
  ["self_attn.v_proj", "attn_v"],
  ["self_attn.q_norm", "attn_q_norm"],
  ["self_attn.k_norm", "attn_k_norm"],
  ["self_attn.o_proj", "attn_output"],
  ["mlp.gate_proj", "ffn_gate"],
  ["mlp.up_proj", "ffn_up"],
  ["mlp.down_proj", "ffn_down"],
];

const OTHER_NAMES: readonly (readonly [huggingFace: string, gguf: string])[] = [
  ["model.embed_tokens", "token_embd"],
  ["model.norm", "output_norm"],
  ["lm_head", "output"],
];

/** GGUF's name for a tensor of a model, such as `blk.0.attn_q.weight`; undefined for one that it has not. */
export function ggufName(name: string): string | undefined {
  const [, layer, module, end] = /^(?:model\.layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? [];
  const names = layer === undefined ? OTHER_NAMES : LAYER_NAMES;
  const found = names.find(([huggingFace]) => huggingFace === module)?.[1];
  return found && `${layer === undefined ? "" : `blk.${layer}.`}${found}.${end}`;
}

/** Hugging Face's name for a tensor of a GGUF file; undefined for one that it has not. */
export function nameOfGguf(name: string): string | undefined {
  const [, layer, module, end] = /^(?:blk\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? [];
  const names = layer === undefined ? OTHER_NAMES : LAYER_NAMES;
  const found = names.find(([, gguf]) => gguf === module)?.[0];
  return found && `${layer === undefined ? "" : `model.layers.${layer}.`}${found}.${end}`;
}

/**
 * How many heads the rows of a query or key projection belong to; undefined for any other tensor. GGUF turns the pairs
 * (2i, 2i + 1) of a LLaMA head by one rotary angle, Hugging Face the pairs (i, i + D/2): rows are permuted within heads.
 * Qwen's stay as they are.
 */
export function rotaryHeads(name: string, config: LlamaConfig): number | undefined {
  if (modelType(config) !== "llama") return undefined;
  if (name.endsWith(".self_attn.q_proj.weight")) return config.heads;
  if (name.endsWith(".self_attn.k_proj.weight")) return config.keyValueHeads;
  return undefined;
}

/**
 * Rows of whole heads in the other order: from halves to pairs for GGUF, or from pairs to halves for Hugging Face.
 *
 * @param rows values of whole heads, each `headSize` rows
 */
export function permuteRotary(
  rows: Float32Array<ArrayBuffer>,
  headSize: number,
  columns: number,
  to: "pairs" | "halves",
): Float32Array<ArrayBuffer> {
  const permuted = new Float32Array(rows.length);
  const half = headSize / 2;
  for (let row = 0; row < rows.length / columns; row++) {
    const head = row - row % headSize;
    const within = row % headSize;
    const paired = head + 2 * (within % half) + Math.floor(within / half);
    const [from, into] = to === "pairs" ? [row, paired] : [paired, row];
    permuted.set(rows.subarray(from * columns, (from + 1) * columns), into * columns);
  }
  return permuted;
}
