// Every buffer that a pass over packed tokens writes to, allocated once for the largest micro-batch. Shape letters as in
// docs/architecture.md: T tokens, C hidden, H heads, G key/value heads, D head size, F feed-forward, V vocabulary, R rank.
import type { Device } from "../kernels/device.ts";
import { createTensor, destroyTensors, type Tensor } from "../kernels/tensor.ts";
import type { LlamaConfig } from "./formats/config.ts";
import type { LoraTarget } from "./formats/lora_names.ts";
import { LORA_TARGETS } from "./formats/lora_names.ts";
import { ropeTable } from "./rope_table.ts";

/** How large a workspace is. */
export interface WorkspaceSize {
  /** Most tokens of a micro-batch. */
  readonly tokens: number;
  /** Most labelled rows whose logits exist at once; a multiple of 64. */
  readonly headRows: number;
  /** Padded LoRA rank; 0 without an adapter. */
  readonly rank: number;
  /** Whether there is a backward pass. */
  readonly training: boolean;
}

/** The buffers of a pass. */
export interface Workspace {
  readonly size: WorkspaceSize;
  /** The micro-batch: ids, positions, starts (T), rows of labelled tokens and their labels (T). */
  readonly batch: {
    readonly ids: Tensor;
    readonly positions: Tensor;
    readonly starts: Tensor;
    readonly rows: Tensor;
    readonly labels: Tensor;
  };
  /** (positions, 2, D/2). */
  readonly rope: Tensor;
  /** Inputs of the layers and the last output, (T, C) each: all layers + 1 when training, else two used in turn. */
  readonly streams: readonly Tensor[];
  /** Activations of one layer. */
  readonly layer: {
    /** Normed input of attention, then of the feed-forward part (T, C). */
    readonly normed: Tensor;
    readonly normedMiddle: Tensor;
    /** (T, H·D), (T, G·D), (T, G·D), (T, H·D), (T, H, 2). */
    readonly q: Tensor;
    readonly k: Tensor;
    readonly v: Tensor;
    readonly attended: Tensor;
    readonly stats: Tensor;
    /** After attention's residual (T, C). */
    readonly middle: Tensor;
    /** (T, F) each. */
    readonly gate: Tensor;
    readonly up: Tensor;
    readonly activated: Tensor;
    /** A·x of each projection (T, R). */
    readonly lora: Readonly<Record<LoraTarget, Tensor>> | undefined;
  };
  /** The head's buffers for a chunk of labelled rows (L): hidden and normed (L, C), logits (L, V padded), losses (L). */
  readonly head: { readonly hidden: Tensor; readonly normed: Tensor; readonly logits: Tensor; readonly losses: Tensor };
  /** Gradients, when training. */
  readonly backward: {
    /** Of the residual stream, of a normed input (T, C). */
    readonly stream: Tensor;
    readonly normed: Tensor;
    readonly activated: Tensor;
    readonly attended: Tensor;
    readonly q: Tensor;
    readonly k: Tensor;
    readonly v: Tensor;
    /** Of A·x (T, R). */
    readonly lora: Tensor;
    readonly headNormed: Tensor;
    readonly headHidden: Tensor;
  } | undefined;
  /** Frees everything. */
  close(): void;
}

/** Allocates a workspace. */
export function createWorkspace(device: Device, config: LlamaConfig, size: WorkspaceSize): Workspace {
  const { tokens: T, headRows: L, rank: R, training } = size;
  const { hiddenSize: C, intermediateSize: F, heads, keyValueHeads, headSize: D, vocabularySize } = config;
  const made: Tensor[] = [];
  const make = (name: string, shape: number[], dtype?: "u32") => {
    const tensor = createTensor(device, name, shape, dtype);
    made.push(tensor);
    return tensor;
  };
  const rope = make("rope table", [config.maxPositions, 2, D / 2]);
  device.gpu.queue.writeBuffer(rope.buffer, 0, ropeTable(config, config.maxPositions));
  const streams = training ? config.layers + 1 : 2;
  return {
    size,
    batch: {
      ids: make("ids", [T], "u32"),
      positions: make("positions", [T], "u32"),
      starts: make("starts", [T], "u32"),
      rows: make("labelled rows", [T], "u32"),
      labels: make("labels", [T], "u32"),
    },
    rope,
    streams: Array.from({ length: streams }, (_, i) => make(`residual stream ${i}`, [T, C])),
    layer: {
      normed: make("normed input", [T, C]),
      normedMiddle: make("normed middle", [T, C]),
      q: make("queries", [T, heads * D]),
      k: make("keys", [T, keyValueHeads * D]),
      v: make("values", [T, keyValueHeads * D]),
      attended: make("attended", [T, heads * D]),
      stats: make("attention statistics", [T, heads, 2]),
      middle: make("middle", [T, C]),
      gate: make("gate", [T, F]),
      up: make("up", [T, F]),
      activated: make("activated", [T, F]),
      lora: R
        ? Object.fromEntries(LORA_TARGETS.map((target) => [target, make(`lora ${target}`, [T, R])])) as Record<
          LoraTarget,
          Tensor
        >
        : undefined,
    },
    head: {
      hidden: make("head input", [L, C]),
      normed: make("head normed", [L, C]),
      logits: make("logits", [L, Math.ceil(vocabularySize / 4) * 4]),
      losses: make("losses", [L]),
    },
    backward: training
      ? {
        stream: make("gradient of the stream", [T, C]),
        normed: make("gradient of the normed input", [T, C]),
        activated: make("gradient of the activated", [T, F]),
        attended: make("gradient of the attended", [T, heads * D]),
        q: make("gradient of the queries", [T, heads * D]),
        k: make("gradient of the keys", [T, keyValueHeads * D]),
        v: make("gradient of the values", [T, keyValueHeads * D]),
        lora: make("gradient of lora", [T, Math.max(4, R)]),
        headNormed: make("gradient of the head normed", [L, C]),
        headHidden: make("gradient of the head input", [L, C]),
      }
      : undefined,
    close: () => destroyTensors(device, made),
  };
}
