import { checked } from "../checked.ts";
import { z } from "zod";
import { PLAIN_FAMILY } from "../../families.ts";
import { FormatError } from "../error.ts";

const size = z.number().int().positive().max(2 ** 31 - 1);

/** params.json of a checkpoint of Meta's. */
const Params = z.looseObject({
  dim: size,
  n_layers: size.max(10_000),
  n_heads: size,
  n_kv_heads: size.nullish(),
  multiple_of: size,
  ffn_dim_multiplier: z.number().positive().nullish(),
  norm_eps: z.number().positive(),
  vocab_size: z.number().int(),
  rope_theta: z.number().positive().nullish(),
  use_scaled_rope: z.boolean().nullish(),
  rope_scaling_factor: z.number().min(1).nullish(),
  max_seq_len: size.nullish(),
});
type Params = z.infer<typeof Params>;

/** Fields that say how a model was run, not what it computes. */
const HARMLESS = new Set(["max_batch_size", "model_parallel_size"]);

/** LLaMA 3.1's stretching of the rotary frequencies besides the factor, as in all of its models. */
const LLAMA3_STRETCH = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

/**
 * A config.json for what params.json of a LLaMA checkpoint of Meta's says.
 *
 * @param vocabularySize rows of the embedding, which old files leave out
 * @param path the file, for messages
 * @throws {FormatError} when the file is not valid, or does not say how rotary angles are stretched
 */
export function configOfParams(record: unknown, vocabularySize: number, path: string): Record<string, unknown> {
  const params = checked(Params, record, path);
  for (const [field, value] of Object.entries(params)) {
    if (field in Params.shape || HARMLESS.has(field) || value === null || value === false || value === 0) continue;
    throw new FormatError(
      `${path}: ${field} is ${
        JSON.stringify(value)
      }; supported: nothing, since it is not known here and may change what ` +
        `the network computes`,
    );
  }
  if (params.use_scaled_rope && !params.rope_scaling_factor) {
    throw new FormatError(
      `${path}: use_scaled_rope is true, but rope_scaling_factor is missing: write 8 for LLaMA 3.1, 32 for LLaMA 3.2`,
    );
  }
  return {
    model_type: PLAIN_FAMILY,
    hidden_size: params.dim,
    intermediate_size: feedForwardSize(params),
    num_hidden_layers: params.n_layers,
    num_attention_heads: params.n_heads,
    num_key_value_heads: params.n_kv_heads ?? params.n_heads,
    vocab_size: params.vocab_size > 0 ? params.vocab_size : vocabularySize,
    max_position_embeddings: positionsOf(params),
    rms_norm_eps: params.norm_eps,
    rope_theta: params.rope_theta ?? 10000,
    rope_scaling: params.use_scaled_rope
      ? { rope_type: "llama3", factor: params.rope_scaling_factor, ...LLAMA3_STRETCH }
      : null,
    tie_word_embeddings: false,
    ...(vocabularySize > 100_000
      ? { bos_token_id: 128000, eos_token_id: 128001 }
      : { bos_token_id: 1, eos_token_id: 2 }),
  };
}

/** Two thirds of four times the width, times a factor of its own in large models, rounded up. */
function feedForwardSize({ dim, multiple_of: multiple, ffn_dim_multiplier: factor }: Params): number {
  const plain = Math.floor(2 * 4 * dim / 3);
  const wanted = factor ? Math.floor(factor * plain) : plain;
  return multiple * Math.ceil(wanted / multiple);
}

/**
 * The longest sequence, which the file need not say. LLaMA 3 has a rope_theta of 500000; of the older two, the small models
 * differ in ε: 1e-6 in LLaMA 1, 1e-5 in LLaMA 2.
 */
function positionsOf(params: Params): number {
  if (params.max_seq_len) return params.max_seq_len;
  if (params.use_scaled_rope) return 131072;
  if ((params.rope_theta ?? 10000) >= 500000) return 8192;
  return params.norm_eps < 1e-5 ? 2048 : 4096;
}
