import { z } from "zod";
import { FormatError } from "./error.ts";

/** How LLaMA 3.1 and later stretch the rotary frequencies ("llama3" in transformers). */
export interface LlamaRopeScaling {
  /** Low frequencies are divided by this. */
  readonly factor: number;
  /** Pairs that turn fewer times than this over the original context are stretched. */
  readonly lowFrequencyFactor: number;
  /** Pairs that turn more often than this stay as they are. */
  readonly highFrequencyFactor: number;
  /** The context length before stretching. */
  readonly originalMaxPositions: number;
}

const record = z.record(z.string(), z.unknown()).nullish();

/**
 * The fields of config.json about rotary positions. `rope_parameters` is transformers 5's form; the others are what
 * every earlier version wrote.
 */
export const ROPE_FIELDS = {
  rope_theta: z.number().positive().nullish(),
  rope_scaling: record,
  rope_parameters: record,
  partial_rotary_factor: z.number().nullish(),
};

/** The fields of {@linkcode ROPE_FIELDS}, parsed. */
export interface RopeFields {
  rope_theta?: number | null | undefined;
  rope_scaling?: Record<string, unknown> | null | undefined;
  rope_parameters?: Record<string, unknown> | null | undefined;
  partial_rotary_factor?: number | null | undefined;
}

const Llama3 = z.object({
  factor: z.number().min(1),
  low_freq_factor: z.number().positive(),
  high_freq_factor: z.number().positive(),
  original_max_position_embeddings: z.number().int().positive().nullish(),
});

/**
 * Reads the base and the stretching of the rotary frequencies.
 *
 * @param path the file, for messages
 * @throws {FormatError} for a kind of stretching other than llama3, or one that is not valid
 */
export function parseRope(
  fields: RopeFields,
  maxPositions: number,
  path: string,
): { theta: number; scaling: LlamaRopeScaling | undefined } {
  const [field, scaling] = fields.rope_parameters
    ? ["rope_parameters", fields.rope_parameters]
    : ["rope_scaling", fields.rope_scaling ?? {}];
  const partial = fields.partial_rotary_factor ?? scaling["partial_rotary_factor"] ?? 1;
  if (partial !== 1) {
    throw new FormatError(`${path}: partial_rotary_factor is ${JSON.stringify(partial)}; supported: 1`);
  }
  const theta = scaling["rope_theta"] ?? fields.rope_theta ?? 10000;
  if (typeof theta !== "number" || !(theta > 0)) {
    throw new FormatError(`${path}: ${field}.rope_theta is ${JSON.stringify(theta)}; wanted a positive number`);
  }
  return { theta, scaling: parseScaling(scaling, field, maxPositions, path) };
}

function parseScaling(
  scaling: Record<string, unknown>,
  field: string,
  maxPositions: number,
  path: string,
): LlamaRopeScaling | undefined {
  const type = scaling["rope_type"] ?? scaling["type"] ?? "default";
  if (type === "default") return undefined;
  if (type !== "llama3") {
    throw new FormatError(`${path}: ${field} has the type ${JSON.stringify(type)}; supported: "default", "llama3"`);
  }
  const parsed = Llama3.safeParse(scaling);
  if (!parsed.success) throw new FormatError(`${path}: ${field}: ${z.prettifyError(parsed.error)}`);
  const { factor, low_freq_factor: low, high_freq_factor: high } = parsed.data;
  if (high <= low) {
    throw new FormatError(`${path}: ${field}: high_freq_factor ${high} is not greater than low_freq_factor ${low}`);
  }
  return {
    factor,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalMaxPositions: parsed.data.original_max_position_embeddings ?? maxPositions,
  };
}
