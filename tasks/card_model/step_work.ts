// What a training step of LoRA on q and v computes, kernel by kernel: as models/training/pass.ts and backward.ts do it.
import { LORA_TARGETS } from "../../models/formats/adapter/lora_names.ts";
import type { LlamaConfig } from "../../models/formats/config.ts";
import { projectionShape } from "../../models/formats/llama_tensors.ts";

/** Work of one sort. */
export interface Work {
  readonly part: "products" | "attention" | "rest";
  /** Name in the statistics; absent where memory alone counts. */
  readonly kernel?: string;
  /** Of all dispatches together. */
  readonly multiplyAdds: number;
  /** Bytes read and written. */
  readonly bytes: number;
  /** Threads of one dispatch, and how many there are one after the other. */
  readonly threads: number;
  readonly dispatches: number;
}

/** How a step is computed. */
export interface StepShape {
  readonly config: LlamaConfig;
  /** Tokens of the micro-batch, one row. */
  readonly tokens: number;
  /** Layers that are computed again in backward. */
  readonly recomputed: number;
  readonly rank: number;
  /** Slices of the products' sums. */
  readonly splitK?: 1 | 2;
  /** Whether forward products multiply bytes by bytes. */
  readonly byteProducts?: boolean;
}

/** Rows and columns of a product's tile, and its threads (product_variants.ts); rows of attention's and its threads. */
const tile = { size: 64, threads: 64 } as const;
const attentionTile = { size: 32, threads: 128 } as const;

/** Multiply-adds for each pair of query and key and each number of a head, with the scores that backward computes again. */
const attentionSums = {
  "attention": 2,
  "attention_backward_query": 3,
  "attention_backward_key_value": 4,
} as const;

/** Products of `count` layers with a weight of these sizes. */
function products(shape: StepShape, kernel: string, rows: number, inner: number, outer: number, count: number): Work {
  const { splitK = 1 } = shape;
  return {
    part: "products",
    kernel: `${kernel}, 8 bits, 256 rows${splitK > 1 ? `, ${splitK} slices` : ""}`,
    multiplyAdds: count * rows * inner * outer,
    bytes: count * (inner * outer + 4 * rows * (inner + outer)),
    threads: Math.ceil(rows / tile.size) * Math.ceil(outer / tile.size) * tile.threads * splitK,
    dispatches: count,
  };
}

function attention(shape: StepShape, kernel: keyof typeof attentionSums, count: number): Work {
  const { config: { heads, headSize }, tokens } = shape;
  const tiles = Math.ceil(tokens / attentionTile.size);
  // Tiles on the diagonal are computed whole, those above it not at all.
  const pairs = tiles * (tiles + 1) / 2 * attentionTile.size ** 2;
  return {
    part: "attention",
    kernel: `${kernel}, heads of ${headSize}`,
    multiplyAdds: count * heads * headSize * pairs * attentionSums[kernel],
    bytes: count * 4 * 4 * tokens * heads * headSize,
    threads: tiles * heads * attentionTile.threads,
    dispatches: count,
  };
}

/** Kernels that memory bounds: norms, rotations, swiglu, LoRA and its sums, the loss. */
function rest({ config, tokens, recomputed, rank }: StepShape): Work {
  const { hiddenSize: d, intermediateSize: f, layers, vocabularySize } = config;
  // Numbers read and written for a token of a layer. Two norms, two rotations in place, swiglu; two adaptations, of which each reads
  // x, adds to y, and moves its rank's worth of sums.
  const forward = 2 * 2 * d + 2 * 2 * d + 3 * f + 2 * (d + 2 * d + 2 * rank);
  // Each of these reads what it read and its gradient, and writes a gradient.
  const backward = 2 * 3 * d + 2 * 2 * d + 5 * f + 2 * (2 * d + 2 * d + 4 * rank);
  const numbers = tokens * ((layers + recomputed) * forward + layers * backward + 3 * vocabularySize);
  return { part: "rest", multiplyAdds: 0, bytes: 4 * numbers, threads: Infinity, dispatches: 1 };
}

/** All work of a step over one micro-batch whose tokens are all labelled. */
export function stepWork(shape: StepShape): Work[] {
  const { config, tokens, recomputed } = shape;
  const { layers, hiddenSize, vocabularySize } = config;
  const forward = layers + recomputed;
  return [
    ...LORA_TARGETS.flatMap((target) => {
      const [outer, inner] = projectionShape(config, target);
      return [
        products(shape, "product", tokens, inner, outer, forward),
        products(shape, "product_transposed", tokens, outer, inner, layers),
      ];
    }),
    products(shape, "product", tokens, hiddenSize, vocabularySize, 1),
    products(shape, "product_transposed", tokens, vocabularySize, hiddenSize, 1),
    attention(shape, "attention", forward),
    attention(shape, "attention_backward_query", layers),
    attention(shape, "attention_backward_key_value", layers),
    rest(shape),
  ];
}
