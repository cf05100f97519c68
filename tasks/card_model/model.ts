// What the model says of a card: steps of LLaMA-7B in int8 with LoRA of rank 8 on q and v, and the decoding of a token.
import { MemoryError, planTraining } from "../../models/training/memory_plan.ts";
import { defaultHeadRows } from "../../models/training/workspace_layout.ts";
import { BENCH_CONFIGS, benchLora } from "../bench/configs.ts";
import type { Card } from "./cards.ts";
import { ASSUMED, bound, decodeShare, estimate, type Limit } from "./estimate.ts";
import { STATISTICS, type Statistics, STATISTICS_BEFORE, statisticsOf } from "./statistics.ts";
import { stepWork, type Work } from "./step_work.ts";

const { model: config } = BENCH_CONFIGS["llama-7b"];
/** Tokens of a micro-batch that are looked at. */
export const TOKENS = [256, 1024, 4096] as const;

/** A step of so many tokens. */
export interface StepEstimate {
  readonly tokens: number;
  /** Layers that are computed again, since the card's memory does not hold their activations. */
  readonly recomputed: number;
  readonly seconds: number;
  /** Of the time. */
  readonly shares: Readonly<Record<Work["part"], number>>;
  /** What most of the products' time waits for. */
  readonly limit: Limit;
  /** Share of what float32 multiply-adds and bandwidth would allow. */
  readonly ofBound: number;
  /** Seconds with the sums of products in two slices, with activations of 8 bits, and of earlier kernels. */
  readonly splitK: number;
  readonly byteProducts: number;
  readonly before: number;
}

/** A card by the model. */
export interface CardEstimate {
  readonly card: string;
  /** Steps that fit its memory. */
  readonly steps: readonly StepEstimate[];
  /** Share of its bandwidth, and tokens a second, of one sequence. */
  readonly decode: { readonly share: number; readonly tokensPerSecond: number };
}

/** Layers that a card computes again; undefined where a step does not fit. */
function recomputedOn({ memory }: Card, tokens: number): number | undefined {
  const shape = { config, bits: 8, lora: benchLora, tokens, headRows: defaultHeadRows } as const;
  try {
    return planTraining(shape, ASSUMED.memory * memory).recomputedLayers;
  } catch (error) {
    if (error instanceof MemoryError) return undefined;
    throw error;
  }
}

interface Total {
  readonly seconds: number;
  readonly parts: Record<Work["part"], number>;
  readonly waits: Map<Limit, number>;
}

function total(card: Card, work: readonly Work[], statistics: Statistics, byteProducts = false): Total {
  const parts = { products: 0, attention: 0, rest: config.layers * ASSUMED.dispatches * ASSUMED.dispatch };
  const waits = new Map<Limit, number>();
  for (const each of work) {
    const { seconds, limit } = estimate(card, each, statistics, byteProducts);
    parts[each.part] += seconds;
    if (each.part === "products") waits.set(limit, (waits.get(limit) ?? 0) + seconds);
  }
  return { seconds: parts.products + parts.attention + parts.rest, parts, waits };
}

function stepOn(card: Card, tokens: number): StepEstimate | undefined {
  const recomputed = recomputedOn(card, tokens);
  if (recomputed === undefined) return undefined;
  const shape = { config, tokens, recomputed, rank: benchLora.rank };
  const work = stepWork(shape);
  const { seconds, parts, waits } = total(card, work, STATISTICS);
  const { products, attention, rest } = parts;
  return {
    tokens,
    recomputed,
    seconds,
    shares: { products: products / seconds, attention: attention / seconds, rest: rest / seconds },
    limit: [...waits].sort((a, b) => b[1] - a[1])[0]![0],
    ofBound: work.reduce((sum, each) => sum + bound(card, each), 0) / seconds,
    splitK: total(card, stepWork({ ...shape, splitK: 2 }), STATISTICS).seconds,
    byteProducts: total(card, work, STATISTICS, true).seconds,
    before: total(card, work, STATISTICS_BEFORE).seconds,
  };
}

/** A card by the model. */
export function estimateCard(card: Card): CardEstimate {
  const name = "decode_product_sums, 8 bits, 1 row";
  const share = decodeShare(card, statisticsOf(STATISTICS, card.target, name), config.hiddenSize);
  // All weights once, and keys and values of 512 positions in float16.
  const weights = stepWork({ config, tokens: 1, recomputed: 0, rank: 0 })
    .filter(({ kernel }) => kernel?.startsWith("product,")).reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  const bytes = weights + 512 * 2 * 2 * config.layers * config.keyValueHeads * config.headSize;
  return {
    card: card.name,
    steps: TOKENS.map((tokens) => stepOn(card, tokens)).filter((step) => step !== undefined),
    decode: { share, tokensPerSecond: share * card.bandwidth * 1e9 / bytes },
  };
}
