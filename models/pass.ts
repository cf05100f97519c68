// The forward pass, written as the list of kernel launches that it is. All functions record onto the stream only.
import { attention, cachedAttention } from "../kernels/attention.ts";
import { addBias } from "../kernels/bias.ts";
import { crossEntropy, sumInto } from "../kernels/cross_entropy.ts";
import { embed, type TokensById } from "../kernels/embed.ts";
import { type LayerCache, ropeStore, slotOf } from "../kernels/key_value_cache.ts";
import { type Dropout, loraExpand, loraReduce } from "../kernels/lora.ts";
import { type Into, product } from "../kernels/product.ts";
import { rmsNorm } from "../kernels/rms_norm.ts";
import { rope } from "../kernels/rope.ts";
import { gatherRows } from "../kernels/rows.ts";
import type { Stream } from "../kernels/stream.ts";
import { swiglu } from "../kernels/swiglu.ts";
import { firstRows, reshape, type Tensor, view } from "../kernels/tensor.ts";
import type { BaseWeights } from "./base_file.ts";
import type { DeviceBatch } from "./batch.ts";
import type { LoraTarget } from "./formats/lora_names.ts";
import type { Lora, LoraModule } from "./lora.ts";
import type { Workspace } from "./workspace.ts";
import type { LayerBuffer } from "./workspace_layout.ts";

/** A slot of a cache that has keys and values of earlier tokens. */
export interface KeyValueCache {
  readonly layers: readonly LayerCache[];
  readonly slot: number;
  /** (T, 2): the slot and the position of each token of this pass. */
  readonly places: Tensor;
  /** Tokens that the slot holds before this pass. */
  readonly used: number;
}

/** What a pass works with. */
export interface Pass {
  readonly stream: Stream;
  readonly base: BaseWeights;
  readonly lora?: Lora | undefined;
  /** Where the gradients of all weights go, when they are trained. */
  readonly full?: { readonly gradients: BaseWeights; readonly partials: Tensor; readonly tokens: TokensById };
  readonly space: Workspace;
  readonly batch: DeviceBatch;
  /** Dropout of LoRA's inputs: none unless training. `step` counts micro-batches. */
  readonly dropout?: { readonly seed: number; readonly step: number };
  readonly cache?: KeyValueCache;
}

/** A workspace tensor cut to the tokens of this pass. */
export function cut(pass: Pass, tensor: Tensor): Tensor {
  return firstRows(tensor, pass.batch.tokens);
}

/** Activations of a layer, cut to the tokens of this pass. */
export function activations<Name extends LayerBuffer>(
  pass: Pass,
  layer: number,
  ...names: Name[]
): { readonly [N in Name]: Tensor } {
  const buffers = pass.space.layers[layer]!;
  return Object.fromEntries(names.map((name) => [name, cut(pass, buffers[name])])) as { [N in Name]: Tensor };
}

/** The dropout of one module in this pass, if there is any. */
export function dropoutOf({ dropout, lora }: Pass, module: { readonly index: number }): Dropout | undefined {
  if (!dropout || !lora || lora.settings.dropout === 0) return undefined;
  return { probability: lora.settings.dropout, seed: dropout.seed, step: dropout.step, module: module.index };
}

/** Where A·x (T, R) of a module goes. The workspace may have room for a higher rank. */
function lowRank(pass: Pass, layer: number, { target, a }: LoraModule): Tensor {
  const buffer = pass.space.layers[layer]![`lora_${target}`];
  return firstRows({ ...buffer, shape: [0, a.shape[0]!] }, pass.batch.tokens);
}

/** y = x·Wᵀ (+ LoRA) for a projection of a layer; keeps A·x for backward. */
export function project(pass: Pass, layer: number, target: LoraTarget, x: Tensor, y: Tensor, into: Into = "set"): void {
  product(pass.stream, x, pass.base.layers[layer]![target], y, into);
  const module = pass.lora?.module(layer, target);
  if (!module) return;
  const h = lowRank(pass, layer, module);
  loraReduce(pass.stream, x, module.a, h, 1, dropoutOf(pass, module));
  loraExpand(pass.stream, h, module.b, y, pass.lora!.scale);
}

/** Queries, keys and values with their head dimension. */
export function heads(pass: Pass, tensor: Tensor): Tensor {
  return reshape(tensor, [tensor.shape[0]!, tensor.shape[1]! / pass.base.config.headSize, pass.base.config.headSize]);
}

/** The weight of the norm of a layer's query or key heads, and what a projection gives before it; undefined where there is none. */
export function headNorm(
  pass: Pass,
  layer: number,
  target: "q_proj" | "k_proj",
): { weight: Tensor; raw: Tensor } | undefined {
  const [norm, buffer] = target === "q_proj" ? ["q_norm", "rawQ"] as const : ["k_norm", "rawK"] as const;
  const weight = pass.base.layers[layer]![norm];
  return weight && { weight, raw: cut(pass, pass.space.layers[layer]![buffer]) };
}

/** Heads as rows (T·heads, D). */
export function headRows(pass: Pass, tensor: Tensor): Tensor {
  const { headSize } = pass.base.config;
  return reshape(tensor, [tensor.shape[0]! * tensor.shape[1]! / headSize, headSize]);
}

/** Queries, keys or values: the projection with its bias, then the norm of each head, where the network has them. */
function projectHeads(pass: Pass, layer: number, target: "q_proj" | "k_proj" | "v_proj", x: Tensor, y: Tensor): void {
  const { stream, base } = pass;
  const norm = target === "v_proj" ? undefined : headNorm(pass, layer, target);
  const projected = norm?.raw ?? y;
  project(pass, layer, target, x, projected);
  const bias = base.layers[layer]![`${target}_bias`];
  if (bias) addBias(stream, bias, projected);
  if (norm) rmsNorm(stream, headRows(pass, norm.raw), norm.weight, headRows(pass, y), base.config.normEpsilon);
}

/** From a layer's input to the residual stream after attention. */
function attentionPart(pass: Pass, layer: number, x: Tensor, middle: Tensor): void {
  const { stream, base, space, batch, cache } = pass;
  const weights = base.layers[layer]!;
  const { normed, q, k, v, attended, stats } = activations(pass, layer, "normed", "q", "k", "v", "attended", "stats");
  rmsNorm(stream, x, weights.input_layernorm, normed, base.config.normEpsilon);
  projectHeads(pass, layer, "q_proj", normed, q);
  projectHeads(pass, layer, "k_proj", normed, k);
  projectHeads(pass, layer, "v_proj", normed, v);
  const input = { q: heads(pass, q), k: heads(pass, k), v: heads(pass, v), starts: batch.starts };
  if (cache) {
    const placed = { ...cache.layers[layer]!, places: cache.places, step: 0 };
    ropeStore(stream, input, space.rope, placed);
    const slot = { k: slotOf(placed.keys, cache.slot), v: slotOf(placed.values, cache.slot) };
    cachedAttention(stream, { ...input, ...slot }, heads(pass, attended), stats, cache.used);
  } else {
    rope(stream, input.q, batch.positions, space.rope, 1);
    rope(stream, input.k, batch.positions, space.rope, 1);
    attention(stream, input, heads(pass, attended), stats);
  }
  project(pass, layer, "o_proj", attended, middle, { residual: x });
}

/** From the residual stream after attention to the input of the down projection. */
function gatedPart(pass: Pass, layer: number, middle: Tensor): void {
  const { stream, base } = pass;
  const { normedMiddle, gate, up, activated } = activations(pass, layer, "normedMiddle", "gate", "up", "activated");
  rmsNorm(stream, middle, base.layers[layer]!.post_attention_layernorm, normedMiddle, base.config.normEpsilon);
  project(pass, layer, "gate_proj", normedMiddle, gate);
  project(pass, layer, "up_proj", normedMiddle, up);
  swiglu(stream, gate, up, activated);
}

/** One layer: x (T, C) → next (T, C). */
export function layerForward(pass: Pass, layer: number, x: Tensor, next: Tensor): void {
  const { middle, activated } = activations(pass, layer, "middle", "activated");
  attentionPart(pass, layer, x, middle);
  gatedPart(pass, layer, middle);
  project(pass, layer, "down_proj", activated, next, { residual: middle });
}

/** Computes a layer's activations again for backward, unless it keeps them: everything but its output. */
export function layerRecompute(pass: Pass, layer: number, x: Tensor): void {
  if (layer >= pass.base.config.layers - (pass.space.size.training?.keptLayers ?? 0)) return;
  const { middle, activated } = activations(pass, layer, "middle", "activated");
  attentionPart(pass, layer, x, middle);
  gatedPart(pass, layer, middle);
  const module = pass.lora?.module(layer, "down_proj");
  if (!module) return;
  const h = lowRank(pass, layer, module);
  loraReduce(pass.stream, activated, module.a, h, 1, dropoutOf(pass, module));
}

/** The residual stream that layer `index` reads; `index` = layers is the last layer's output. */
export function streamAt(pass: Pass, index: number): Tensor {
  return cut(pass, pass.space.streams[index]!);
}

/** Embedding and all layers; the result is `streamAt(pass, layers)`. */
export function forward(pass: Pass): void {
  embed(pass.stream, pass.batch.ids, pass.base.embedding, streamAt(pass, 0));
  for (let layer = 0; layer < pass.base.config.layers; layer++) {
    layerForward(pass, layer, streamAt(pass, layer), streamAt(pass, layer + 1));
  }
}

/** The stretches of labelled rows that the head takes one after the other. */
export function* headChunks({ space, batch }: Pass): Generator<{ rows: Tensor; labels: Tensor; count: number }> {
  for (let begin = 0; begin < batch.labelled; begin += space.size.headRows) {
    const count = Math.min(space.size.headRows, batch.labelled - begin);
    const part = (tensor: Tensor) => view(tensor, tensor.name, begin, [count]);
    yield { rows: part(space.batch.rows), labels: part(space.batch.labels), count };
  }
}

/** Logits (n, V padded to 4) of the given rows of the last residual stream. */
export function headForward(pass: Pass, rows: Tensor): Tensor {
  const { stream, base, space } = pass;
  const count = rows.shape[0]!;
  const [hidden, normed, logits] = [space.head.hidden, space.head.normed, space.head.logits]
    .map((tensor) => firstRows(tensor, count)) as [Tensor, Tensor, Tensor];
  gatherRows(stream, streamAt(pass, base.config.layers), rows, hidden);
  rmsNorm(stream, hidden, base.norm, normed, base.config.normEpsilon);
  product(stream, normed, base.head, logits);
  return logits;
}

/** metrics[at] += Σ −log p of the labelled rows, in nats. */
export function lossForward(pass: Pass, metrics: Tensor, at: number): void {
  for (const { rows, labels, count } of headChunks(pass)) {
    const losses = firstRows(pass.space.head.losses, count);
    crossEntropy(pass.stream, headForward(pass, rows), labels, losses, pass.base.config.vocabularySize);
    sumInto(pass.stream, losses, metrics, at);
  }
}

/** losses (L, or more) = −log p of each labelled row, in nats. */
export function labelLosses(pass: Pass, losses: Tensor): void {
  let begin = 0;
  for (const { rows, labels, count } of headChunks(pass)) {
    const part = view(losses, losses.name, begin, [count]);
    crossEntropy(pass.stream, headForward(pass, rows), labels, part, pass.base.config.vocabularySize);
    begin += count;
  }
}
