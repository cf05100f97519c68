// One step of decoding for several sequences at once: a row each, with kernels made for few rows. All functions record
// onto the stream only. The same network as in pass.ts; nothing is kept for backward.
import { addBias } from "../../kernels/bias.ts";
import { attentionChunk, attentionPartials, decodeAttention } from "../../kernels/decode_attention.ts";
import { type DecodeInto, decodeProduct } from "../../kernels/decode_product.ts";
import type { Device } from "../../kernels/device.ts";
import { embed } from "../../kernels/embed.ts";
import { type LayerCache, ropeStore } from "../../kernels/key_value_cache.ts";
import { loraExpand, loraReduce } from "../../kernels/lora.ts";
import { rmsNorm } from "../../kernels/rms_norm.ts";
import type { Stream } from "../../kernels/stream.ts";
import { swiglu } from "../../kernels/swiglu.ts";
import { createTensor, destroyTensors, firstRows, reshape, type Tensor } from "../../kernels/tensor.ts";
import type { BaseWeights } from "../base_weights.ts";
import type { LlamaConfig } from "../formats/config.ts";
import type { LoraTarget } from "../formats/lora_names.ts";
import type { Lora } from "../lora.ts";

/** Activations of a step, by name; C, H·D, G·D, F and V as in docs/architecture.md. */
type StepBuffer =
  | "x"
  | "normed"
  | "q"
  | "k"
  | "v"
  | "raw"
  | "attended"
  | "middle"
  | "gate"
  | "up"
  | "activated"
  | "logits"
  | "lora";

/** The memory of a step of at most so many rows. */
export interface DecodeSpace {
  readonly rows: number;
  readonly buffers: Readonly<Record<StepBuffer, Tensor>>;
  /** Where parts of long rows' attention are kept, if any row may be so long. */
  readonly partials: Tensor | undefined;
  /** Frees everything. */
  close(): void;
}

/** What a space is made for. */
export interface DecodeSize {
  readonly rows: number;
  /** Most positions of a slot. */
  readonly positions: number;
  /** The largest padded rank of an adapter; 0 without one. */
  readonly rank: number;
}

/** Values of a row in each buffer of a space, by name. */
function decodeWidths(
  { hiddenSize, heads, keyValueHeads, headSize, intermediateSize, vocabularySize }: LlamaConfig,
  rank: number,
): Readonly<Record<StepBuffer, number>> {
  const queries = heads * headSize, keys = keyValueHeads * headSize;
  return {
    x: hiddenSize,
    normed: hiddenSize,
    q: queries,
    k: keys,
    v: keys,
    raw: queries,
    attended: queries,
    middle: hiddenSize,
    gate: intermediateSize,
    up: intermediateSize,
    activated: intermediateSize,
    logits: Math.ceil(vocabularySize / 4) * 4,
    lora: Math.max(4, rank),
  };
}

function partialsSize(device: Device, { heads, headSize }: LlamaConfig, { rows, positions }: DecodeSize): number {
  return attentionPartials(rows, heads, headSize, positions, attentionChunk(device));
}

/** Bytes of a space for each of its rows. */
export function decodeRowBytes(device: Device, config: LlamaConfig, size: Omit<DecodeSize, "rows">): number {
  const widths = Object.values(decodeWidths(config, size.rank));
  return 4 * (widths.reduce((sum, width) => sum + width) + partialsSize(device, config, { ...size, rows: 1 }));
}

/** Allocates the memory of steps. */
export function createDecodeSpace(device: Device, config: LlamaConfig, size: DecodeSize): DecodeSpace {
  const make = (name: string, shape: number[]) => createTensor(device, `decode ${name}`, shape);
  const widths = Object.entries(decodeWidths(config, size.rank));
  const buffers = Object.fromEntries(widths.map(([name, width]) => [name, make(name, [size.rows, width])]));
  const count = partialsSize(device, config, size);
  const partials = count ? make("attention partials", [count]) : undefined;
  return {
    rows: size.rows,
    buffers: buffers as Record<StepBuffer, Tensor>,
    partials,
    close: () => destroyTensors(device, [...Object.values(buffers), ...(partials ? [partials] : [])]),
  };
}

/** What a step works with. */
export interface DecodeStep {
  readonly stream: Stream;
  readonly base: BaseWeights;
  readonly lora?: Lora | undefined;
  readonly space: DecodeSpace;
  /** The last token of each row (B). */
  readonly ids: Tensor;
  /** (B, 2): a row's slot, and its position at step 0. */
  readonly places: Tensor;
  /** Steps since `places` was written. */
  readonly step: number;
  /** The most keys that a row has, those of this step among them. */
  readonly longest: number;
  readonly layers: readonly LayerCache[];
  /** (positions, 2, D/2). */
  readonly rope: Tensor;
}

/** Activations cut to the rows of this step. */
function buffersOf<Name extends StepBuffer>({ space, ids }: DecodeStep, ...names: Name[]): Record<Name, Tensor> {
  const rows = ids.shape[0]!;
  return Object.fromEntries(names.map((name) => [name, firstRows(space.buffers[name], rows)])) as Record<Name, Tensor>;
}

/** The beginning of a buffer under a shape that may be narrower than its own. */
function placed({ space }: DecodeStep, name: StepBuffer, shape: readonly number[]): Tensor {
  const buffer = space.buffers[name];
  const flat = reshape(buffer, [buffer.shape[0]! * buffer.shape[1]!]);
  return reshape(firstRows(flat, shape[0]! * shape[1]!), shape);
}

function project(at: DecodeStep, layer: number, target: LoraTarget, x: Tensor, y: Tensor, into: DecodeInto = "set") {
  const { stream, base, lora } = at;
  decodeProduct(stream, x, base.layers[layer]![target], y, into);
  const module = lora?.module(layer, target);
  if (!module) return;
  const h = placed(at, "lora", [x.shape[0]!, module.a.shape[0]!]);
  loraReduce(stream, x, module.a, h, 1);
  loraExpand(stream, h, module.b, y, lora!.scale);
}

/** Heads as rows (B·heads, D). */
function headRows({ base }: DecodeStep, tensor: Tensor): Tensor {
  const { headSize } = base.config;
  return reshape(tensor, [tensor.shape[0]! * tensor.shape[1]! / headSize, headSize]);
}

/** Queries, keys or values with their bias and the norm of each head, where the network has them. */
function projectHeads(at: DecodeStep, layer: number, target: "q_proj" | "k_proj" | "v_proj", x: Tensor, y: Tensor) {
  const { stream, base } = at;
  const weights = base.layers[layer]!;
  const norm = target === "q_proj" ? weights.q_norm : target === "k_proj" ? weights.k_norm : undefined;
  const raw = norm ? placed(at, "raw", y.shape) : y;
  project(at, layer, target, x, raw);
  const bias = weights[`${target}_bias`];
  if (bias) addBias(stream, bias, raw);
  if (norm) rmsNorm(stream, headRows(at, raw), norm, headRows(at, y), base.config.normEpsilon);
}

function layerStep(at: DecodeStep, layer: number): void {
  const { stream, base, space, places, step, longest } = at;
  const { config } = base;
  const weights = base.layers[layer]!;
  const { x, normed, q, k, v, attended, middle, gate, up, activated } = buffersOf(
    at,
    ...["x", "normed", "q", "k", "v", "attended", "middle", "gate", "up", "activated"] as const,
  );
  const heads = (tensor: Tensor) =>
    reshape(tensor, [tensor.shape[0]!, tensor.shape[1]! / config.headSize, config.headSize]);
  rmsNorm(stream, x, weights.input_layernorm, normed, config.normEpsilon);
  projectHeads(at, layer, "q_proj", normed, q);
  projectHeads(at, layer, "k_proj", normed, k);
  projectHeads(at, layer, "v_proj", normed, v);
  const cache = { ...at.layers[layer]!, places, step };
  ropeStore(stream, { q: heads(q), k: heads(k), v: heads(v) }, at.rope, cache);
  decodeAttention(stream, heads(q), cache, heads(attended), { longest, partials: space.partials });
  project(at, layer, "o_proj", attended, middle, { residual: x });
  rmsNorm(stream, middle, weights.post_attention_layernorm, normed, config.normEpsilon);
  project(at, layer, "gate_proj", normed, gate);
  if (at.lora?.module(layer, "up_proj")) {
    project(at, layer, "up_proj", normed, up);
    swiglu(stream, gate, up, activated);
  } else project(at, layer, "up_proj", normed, activated, { gate });
  project(at, layer, "down_proj", activated, x, { residual: middle });
}

/** Runs the rows' last tokens through the network, adding their keys and values to the cache; gives logits (B, V padded to 4). */
export function decodeStep(at: DecodeStep): Tensor {
  const { stream, base, ids } = at;
  const { x, normed, logits } = buffersOf(at, "x", "normed", "logits");
  embed(stream, ids, base.embedding, x);
  for (let layer = 0; layer < base.config.layers; layer++) layerStep(at, layer);
  rmsNorm(stream, x, base.norm, normed, base.config.normEpsilon);
  decodeProduct(stream, normed, base.head, logits);
  return logits;
}
