import type { WeightBits } from "../kernels/weight/weight.ts";
import type { LlamaConfig } from "./formats/config.ts";

/**
 * How a tensor of a base of `bits` is stored. With 4 bits, the embedding, the head and the keys and values of
 * grouped-query attention keep 8: they are small beside the rest, and matter most.
 */
export function tensorBits(config: LlamaConfig, name: string, bits: WeightBits): WeightBits {
  if (bits !== 4) return bits;
  if (name === "model.embed_tokens.weight" || name === "lm_head.weight") return 8;
  return config.keyValueHeads < config.heads && /\.[kv]_proj\.weight$/.test(name) ? 8 : 4;
}
