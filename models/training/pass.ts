// The forward pass: how training, and all that runs over packed tokens, carries out the steps of network.ts, with what
// backward needs kept. All functions record onto the stream only.
import { attention, cachedAttention } from "../../kernels/attention/attention.ts";
import { addBias } from "../../kernels/layer/bias.ts";
import { crossEntropy, sumInto } from "../../kernels/loss/cross_entropy.ts";
import { embed, type TokensById } from "../../kernels/layer/embed.ts";
import { type LayerCache, ropeStore, slotOf } from "../../kernels/decode/key_value_cache.ts";
import { type Dropout, loraExpand, loraReduce } from "../../kernels/lora/lora.ts";
import { product } from "../../kernels/product/product.ts";
import type { Into } from "../../kernels/product/product_into.ts";
import { rmsNorm } from "../../kernels/layer/rms_norm.ts";
import { rope } from "../../kernels/attention/rope.ts";
import { gatherRows } from "../../kernels/layer/rows.ts";
import type { Stream } from "../../kernels/gpu/stream.ts";
import { swiglu } from "../../kernels/layer/swiglu.ts";
import { firstRows, reshape, type Tensor, view } from "../../kernels/gpu/tensor.ts";
import type { BaseWeights } from "../base_weights.ts";
import type { DeviceBatch } from "./batch.ts";
import type { LoraTarget } from "../formats/adapter/lora_names.ts";
import type { Lora, LoraModule } from "./lora.ts";
import { type Activation, type HeadStep, type LayerStep, networkOf, type Operations, perform } from "../network.ts";
import type { Workspace } from "./workspace.ts";
import type { HeadBuffer, LayerBuffer } from "./workspace_layout.ts";

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

/** The residual stream that layer `index` reads; `index` = layers is the last layer's output. */
export function streamAt(pass: Pass, index: number): Tensor {
  return cut(pass, pass.space.streams[index]!);
}

/** A layer in a pass: where a step is carried out. */
export interface LayerPlace {
  readonly pass: Pass;
  readonly layer: number;
}

/** An activation of a layer, cut to the tokens of this pass. */
export function activation({ pass, layer }: LayerPlace, name: Activation | LayerBuffer): Tensor {
  if (name === "x") return streamAt(pass, layer);
  if (name === "next") return streamAt(pass, layer + 1);
  return cut(pass, pass.space.layers[layer]![name]);
}

/** The dropout of one module in this pass, if there is any. */
export function dropoutOf({ dropout, lora }: Pass, module: { readonly index: number }): Dropout | undefined {
  if (!dropout || !lora || lora.settings.dropout === 0) return undefined;
  return { probability: lora.settings.dropout, seed: dropout.seed, step: dropout.step, module: module.index };
}

/** A·x (T, R) of a module, where backward finds it. The workspace may have room for a higher rank. */
function reduce(pass: Pass, module: LoraModule, x: Tensor): Tensor {
  const { layer, target, a } = module;
  const buffer = pass.space.layers[layer]![`lora_${target}`];
  const h = firstRows({ ...buffer, shape: [0, a.shape[0]!] }, pass.batch.tokens);
  loraReduce(pass.stream, x, a, h, 1, dropoutOf(pass, module));
  return h;
}

/** y = x·Wᵀ (+ LoRA) for a projection of a layer; keeps A·x for backward. */
function project(pass: Pass, layer: number, target: LoraTarget, x: Tensor, y: Tensor, into: Into = "set"): void {
  product(pass.stream, x, pass.base.layers[layer]![target], y, into);
  const module = pass.lora?.module(layer, target);
  if (!module) return;
  loraExpand(pass.stream, reduce(pass, module, x), module.b, y, pass.lora!.scale);
}

/** Queries, keys and values with their head dimension. */
export function heads(pass: Pass, tensor: Tensor): Tensor {
  return reshape(tensor, [tensor.shape[0]!, tensor.shape[1]! / pass.base.config.headSize, pass.base.config.headSize]);
}

/** Heads as rows (T·heads, D). */
export function headRows(pass: Pass, tensor: Tensor): Tensor {
  const { headSize } = pass.base.config;
  return reshape(tensor, [tensor.shape[0]! * tensor.shape[1]! / headSize, headSize]);
}

const LAYER: Operations<LayerStep, LayerPlace> = {
  norm(at, { weight, from, to }) {
    const { stream, base } = at.pass;
    const weights = base.layers[at.layer]![weight];
    rmsNorm(stream, activation(at, from), weights, activation(at, to), base.config.normEpsilon);
  },

  heads(at, { from, parts }) {
    const { pass, layer } = at;
    const { stream, base } = pass;
    const weights = base.layers[layer]!;
    const x = activation(at, from);
    for (const { target, to, bias, norm } of parts) {
      const projected = activation(at, norm?.raw ?? to);
      project(pass, layer, target, x, projected);
      if (bias) addBias(stream, weights[bias]!, projected);
      if (!norm) continue;
      const [rows, normed] = [headRows(pass, projected), headRows(pass, activation(at, to))];
      rmsNorm(stream, rows, weights[norm.weight]!, normed, base.config.normEpsilon);
    }
  },

  attention(at, { to }) {
    const { pass, layer } = at;
    const { stream, space, batch, cache } = pass;
    const [q, k, v] = (["q", "k", "v"] as const).map((name) => heads(pass, activation(at, name))) as Triple<Tensor>;
    const input = { q, k, v, starts: batch.starts };
    const [attended, stats] = [heads(pass, activation(at, to)), activation(at, "stats")];
    if (cache) {
      const placed = { ...cache.layers[layer]!, places: cache.places, step: 0 };
      ropeStore(stream, input, space.rope, placed);
      const slot = { k: slotOf(placed.keys, cache.slot), v: slotOf(placed.values, cache.slot) };
      cachedAttention(stream, { ...input, ...slot }, attended, stats, cache.used);
    } else {
      rope(stream, q, batch.positions, space.rope, 1);
      rope(stream, k, batch.positions, space.rope, 1);
      attention(stream, input, attended, stats);
    }
  },

  project(at, { target, from, residual, to }) {
    const into = { residual: activation(at, residual) };
    project(at.pass, at.layer, target, activation(at, from), activation(at, to), into);
  },

  gated(at, { from, gate, up, to }) {
    const [input, gated, other] = [activation(at, from), activation(at, "gate"), activation(at, "up")];
    project(at.pass, at.layer, gate, input, gated);
    project(at.pass, at.layer, up, input, other);
    swiglu(at.pass.stream, gated, other, activation(at, to));
  },
};

type Triple<T> = [T, T, T];

/** Computes a layer's activations again for backward, unless it keeps them: everything but its output. */
export function layerRecompute(pass: Pass, layer: number): void {
  if (layer >= pass.base.config.layers - (pass.space.size.training?.keptLayers ?? 0)) return;
  const at = { pass, layer };
  for (const step of networkOf(pass.base.config).layer) {
    if (step.op !== "project" || step.to !== "next") perform(LAYER, at, step);
    else {
      // The output is the next layer's x, which is kept; of this product backward wants A·x only.
      const module = pass.lora?.module(layer, step.target);
      if (module) reduce(pass, module, activation(at, step.from));
    }
  }
}

/** Embedding and all layers; the result is `streamAt(pass, layers)`. */
export function forward(pass: Pass): void {
  const { stream, base, batch } = pass;
  embed(stream, batch.ids, base.embedding, streamAt(pass, 0));
  const steps = networkOf(base.config).layer;
  for (let layer = 0; layer < base.config.layers; layer++) {
    for (const step of steps) perform(LAYER, { pass, layer }, step);
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

/** Some rows of the last residual stream in a pass: where a step behind the layers is carried out. */
export interface HeadPlace {
  readonly pass: Pass;
  /** How many. */
  readonly count: number;
}

/** A buffer of the head, cut to the rows at hand. */
export function headBuffer({ pass, count }: HeadPlace, name: HeadBuffer): Tensor {
  return firstRows(pass.space.head[name], count);
}

const HEAD: Operations<HeadStep, HeadPlace> = {
  norm(at) {
    const { stream, base } = at.pass;
    rmsNorm(stream, headBuffer(at, "hidden"), base.norm, headBuffer(at, "normed"), base.config.normEpsilon);
  },
  logits(at) {
    product(at.pass.stream, headBuffer(at, "normed"), at.pass.base.head, headBuffer(at, "logits"));
  },
};

/** Logits (n, V padded to 4) of the given rows of the last residual stream. */
export function headForward(pass: Pass, rows: Tensor): Tensor {
  const { config } = pass.base;
  const at = { pass, count: rows.shape[0]! };
  gatherRows(pass.stream, streamAt(pass, config.layers), rows, headBuffer(at, "hidden"));
  for (const step of networkOf(config).head) perform(HEAD, at, step);
  return headBuffer(at, "logits");
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
