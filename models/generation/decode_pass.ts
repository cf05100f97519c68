// One step of decoding for several sequences at once: a row each, with kernels made for few rows. All functions record
// onto the stream only. The steps are those of network.ts; nothing is kept for backward.
import { addBias } from "../../kernels/layer/bias.ts";
import { attentionChunk, attentionPartials, decodeAttention } from "../../kernels/decode/decode_attention.ts";
import { type DecodeInto, decodeProduct } from "../../kernels/decode/decode_product.ts";
import type { Device } from "../../kernels/gpu/device.ts";
import { embed } from "../../kernels/layer/embed.ts";
import { type LayerCache, ropeStore } from "../../kernels/decode/key_value_cache.ts";
import { loraExpand, loraReduce } from "../../kernels/lora/lora.ts";
import { rmsNorm } from "../../kernels/layer/rms_norm.ts";
import type { Stream } from "../../kernels/gpu/stream.ts";
import { swiglu } from "../../kernels/layer/swiglu.ts";
import { createTensor, destroyTensors, firstRows, reshape, type Tensor } from "../../kernels/gpu/tensor.ts";
import type { BaseWeights } from "../base_weights.ts";
import type { LlamaConfig } from "../formats/config.ts";
import type { LoraTarget } from "../formats/adapter/lora_names.ts";
import type { Lora } from "../training/lora.ts";
import { type Activation, type HeadStep, type LayerStep, networkOf, type Operations, perform } from "../network.ts";

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

/** A layer in a step of decoding. */
interface StepPlace extends DecodeStep {
  readonly layer: number;
}

/** Where activations lie that have no buffer of their own name: a layer's input is over when its output is written. */
const SHARED: Partial<Record<Activation, StepBuffer>> = { normedMiddle: "normed", next: "x" };

/** An activation, cut to the rows of this step. */
function activation({ space, ids }: DecodeStep, name: Activation | StepBuffer): Tensor {
  return firstRows(space.buffers[SHARED[name as Activation] ?? name as StepBuffer], ids.shape[0]!);
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

const LAYER: Operations<LayerStep, StepPlace> = {
  norm(at, { weight, from, to }) {
    const { stream, base, layer } = at;
    rmsNorm(stream, activation(at, from), base.layers[layer]![weight], activation(at, to), base.config.normEpsilon);
  },

  heads(at, { from, parts }) {
    const { stream, base, layer } = at;
    const weights = base.layers[layer]!;
    for (const { target, to, bias, norm } of parts) {
      const y = activation(at, to);
      const projected = norm ? placed(at, "raw", y.shape) : y;
      project(at, layer, target, activation(at, from), projected);
      if (bias) addBias(stream, weights[bias]!, projected);
      if (!norm) continue;
      rmsNorm(stream, headRows(at, projected), weights[norm.weight]!, headRows(at, y), base.config.normEpsilon);
    }
  },

  attention(at, { to }) {
    const { stream, base, space, places, step, longest, layer } = at;
    const { headSize } = base.config;
    const heads = (name: Activation) => {
      const tensor = activation(at, name);
      return reshape(tensor, [tensor.shape[0]!, tensor.shape[1]! / headSize, headSize]);
    };
    const cache = { ...at.layers[layer]!, places, step };
    ropeStore(stream, { q: heads("q"), k: heads("k"), v: heads("v") }, at.rope, cache);
    decodeAttention(stream, heads("q"), cache, heads(to), { longest, partials: space.partials });
  },

  project(at, { target, from, residual, to }) {
    const into = { residual: activation(at, residual) };
    project(at, at.layer, target, activation(at, from), activation(at, to), into);
  },

  gated(at, { gate, up, from, to }) {
    const [x, gated, activated] = [activation(at, from), activation(at, "gate"), activation(at, to)];
    project(at, at.layer, gate, x, gated);
    if (at.lora?.module(at.layer, up)) {
      const other = activation(at, "up");
      project(at, at.layer, up, x, other);
      swiglu(at.stream, gated, other, activated);
    } else project(at, at.layer, up, x, activated, { gate: gated });
  },
};

const HEAD: Operations<HeadStep, DecodeStep> = {
  norm(at) {
    rmsNorm(at.stream, activation(at, "x"), at.base.norm, activation(at, "normed"), at.base.config.normEpsilon);
  },
  logits(at) {
    decodeProduct(at.stream, activation(at, "normed"), at.base.head, activation(at, "logits"));
  },
};

/** Runs the rows' last tokens through the network, adding their keys and values to the cache; gives logits (B, V padded to 4). */
export function decodeStep(at: DecodeStep): Tensor {
  const { stream, base, ids } = at;
  const network = networkOf(base.config);
  embed(stream, ids, base.embedding, activation(at, "x"));
  for (let layer = 0; layer < base.config.layers; layer++) {
    const place = { ...at, layer };
    for (const step of network.layer) perform(LAYER, place, step);
  }
  for (const step of network.head) perform(HEAD, at, step);
  return activation(at, "logits");
}
