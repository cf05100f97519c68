import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";

/** How the next token is chosen. */
export interface SamplingOptions {
  /** 0 takes the most likely token; else logits are divided by it before sampling. */
  readonly temperature: number;
  /** Samples among the most likely tokens whose probabilities sum to this; 1 for all. */
  readonly topP: number;
  /** Samples among so many most likely tokens; 0 for all. */
  readonly topK: number;
}

/** The index of the largest value; the first of equals. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/**
 * Chooses a token from logits (V) as transformers does: temperature, then top-k, then top-p (the smallest set of the most
 * likely tokens whose sum reaches topP, never empty), then one draw.
 */
export function sample(logits: Float32Array, options: SamplingOptions, random: RandomGenerator): number {
  const { temperature, topP, topK } = options;
  if (temperature === 0) return argmax(logits);
  const order = Uint32Array.from(logits, (_, i) => i).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const kept = order.subarray(0, topK > 0 ? Math.min(topK, order.length) : order.length);
  const most = logits[kept[0]!]!;
  const weights = Float64Array.from(kept, (id) => Math.exp((logits[id]! - most) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  let count = 0;
  let mass = 0;
  do mass += weights[count++]! / total; while (count < weights.length && mass < topP);
  let draw = uniformFloat64(random) * mass * total;
  for (let i = 0; i < count; i++) {
    draw -= weights[i]!;
    if (draw < 0) return kept[i]!;
  }
  return kept[count - 1]!;
}
