import { PLAIN_FAMILY } from "../../models/families.ts";
import type { LlamaConfig } from "../../models/formats/config.ts";
import type { LoraConfig } from "../../models/training/lora.ts";

/** A model and a micro-batch to measure with. */
export interface BenchConfig {
  readonly model: LlamaConfig;
  /** Rows of a micro-batch, all of the same length. */
  readonly rows: number;
  /** Tokens of a row. */
  readonly rowTokens: number;
}

/** What the bench adapts: Chinese-Vicuna's LoRA. */
export const benchLora: LoraConfig = { rank: 8, alpha: 16, dropout: 0.05, targets: ["q_proj", "v_proj"] };

interface Sizes {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly rows: number;
  readonly rowTokens?: number;
}

function config({ hidden, layers, heads, feedForward, vocabulary, rows, rowTokens = 256 }: Sizes): BenchConfig {
  const model: LlamaConfig = {
    family: PLAIN_FAMILY,
    hiddenSize: hidden,
    intermediateSize: feedForward,
    layers,
    heads,
    keyValueHeads: heads,
    headSize: hidden / heads,
    vocabularySize: vocabulary,
    maxPositions: 2048,
    normEpsilon: 1e-6,
    ropeTheta: 10000,
    tiedEmbeddings: false,
    bosId: 1,
    eosIds: [2],
  };
  return { model, rows, rowTokens };
}

/** The configurations that `deno task bench` knows. */
export const BENCH_CONFIGS = {
  quickstart: config({ hidden: 128, layers: 4, heads: 4, feedForward: 344, vocabulary: 1000, rows: 4 }),
  S: config({ hidden: 256, layers: 4, heads: 4, feedForward: 688, vocabulary: 2048, rows: 4 }),
  M: config({ hidden: 512, layers: 8, heads: 8, feedForward: 1376, vocabulary: 4096, rows: 2 }),
  /** M with LLaMA's vocabulary, so that the head weighs as much as it does in small models of that family. */
  "M-32k": config({ hidden: 512, layers: 8, heads: 8, feedForward: 1376, vocabulary: 32000, rows: 2 }),
  "llama-7b": config({ hidden: 4096, layers: 32, heads: 32, feedForward: 11008, vocabulary: 32000, rows: 1 }),
} as const satisfies Record<string, BenchConfig>;

/** The name of a configuration. */
export type BenchConfigName = keyof typeof BENCH_CONFIGS;
