import { FAMILIES, type FamilyName } from "../../families.ts";
import type { LlamaConfig } from "../config.ts";

/** GGUF's name for a tensor of a model, such as `blk.0.attn_q.weight`; undefined for one that its family has not. */
export function ggufName(name: string, family: FamilyName): string | undefined {
  const [, layer, module, end] = /^(?:model\.layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? [];
  const { names } = FAMILIES[family];
  const found = Object.entries(layer === undefined ? names.other : names.layer).find(([own]) => own === module)?.[1];
  return found && `${layer === undefined ? "" : `blk.${layer}.`}${found}.${end}`;
}

/** Hugging Face's name for a tensor of a GGUF file; undefined for one that the family has not. */
export function nameOfGguf(name: string, family: FamilyName): string | undefined {
  const [, layer, module, end] = /^(?:blk\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? [];
  const { names } = FAMILIES[family];
  const found = Object.entries(layer === undefined ? names.other : names.layer).find(([, own]) => own === module)?.[0];
  return found && `${layer === undefined ? "" : `model.layers.${layer}.`}${found}.${end}`;
}

/**
 * How many heads the rows of a query or key projection belong to; undefined for any other tensor. GGUF turns the pairs
 * (2i, 2i + 1) of a head of some families by one rotary angle, Hugging Face the pairs (i, i + D/2): rows are permuted within
 * heads. Those of the other families stay as they are.
 */
export function rotaryHeads(name: string, config: LlamaConfig): number | undefined {
  if (FAMILIES[config.family].ggufRotary === "halves") return undefined;
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
