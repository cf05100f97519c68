// The fields that both of OpenAI's endpoints have, and what they mean to our generator.
import { z } from "zod";
import type { SamplingDefaults } from "../../../models/formats/generation_config.ts";
import { GENERATION_DEFAULTS, type GenerationParams } from "../../../models/generation/request.ts";
import { MOST_BEAMS } from "../../generation/controls.ts";
import { ApiError } from "../api_error.ts";
import type { TextSource } from "../context.ts";

/** Most answers to one prompt. */
const MOST_CHOICES = 16;

/** Seeds of the generator are 31 bits. */
const SEEDS = 2 ** 31;

const unused = z.unknown().optional();

/** Fields of both endpoints. The third group are those of other servers with this protocol. */
export const COMMON_FIELDS = {
  model: z.string(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  n: z.int().min(1).max(MOST_CHOICES).optional(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).optional(),
  seed: z.int().optional(),
  max_tokens: z.int().min(1).optional(),
  stream: z.boolean().optional(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  logit_bias: z.record(z.string(), z.number()).optional(),

  // These change nothing about an answer.
  user: unused,
  metadata: unused,
  store: unused,
  service_tier: unused,
  safety_identifier: unused,
  prompt_cache_key: unused,

  top_k: z.int().min(-1).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repetition_penalty: z.number().gt(0).max(100).optional(),
  min_tokens: z.int().min(0).optional(),
  num_beams: z.int().min(1).max(MOST_BEAMS).optional(),
};

/** A body with these fields and no others. One at null is as if it were left out, as OpenAI has it: it asks for nothing. */
export function bodyOf<Shape extends z.ZodRawShape>(
  fields: Shape,
): z.ZodPreprocess<z.ZodObject<Shape, z.core.$strict>> {
  return z.preprocess(withoutNulls, z.strictObject(fields));
}

function withoutNulls(body: unknown): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

const COMMON_SCHEMA = z.object(COMMON_FIELDS);

/** The fields of {@linkcode COMMON_FIELDS}, checked. */
export type CommonFields = z.output<typeof COMMON_SCHEMA>;

/**
 * The settings of a generation.
 *
 * @param most most tokens of the answer
 * @param publishers what the model's publisher would have, for fields that are not given
 * @throws {ApiError} for a field that we would have to ignore
 */
export function paramsOf(body: CommonFields, most: number, publishers: SamplingDefaults = {}): GenerationParams {
  for (const name of ["presence_penalty", "frequency_penalty"] as const) {
    if (body[name]) throw refused(name, "is not supported; repetition_penalty is");
  }
  if (Object.keys(body.logit_bias ?? {}).length > 0) throw refused("logit_bias", "is not supported");
  const temperature = body.temperature ?? publishers.temperature ?? 1;
  const doSample = temperature > 0;
  return {
    maxNewTokens: most,
    minNewTokens: body.min_tokens ?? GENERATION_DEFAULTS.minNewTokens,
    doSample,
    temperature: doSample ? temperature : GENERATION_DEFAULTS.temperature,
    topP: body.top_p ?? publishers.topP ?? GENERATION_DEFAULTS.topP,
    topK: Math.max(0, body.top_k ?? publishers.topK ?? GENERATION_DEFAULTS.topK),
    minP: body.min_p ?? publishers.minP ?? GENERATION_DEFAULTS.minP,
    beams: body.num_beams ?? GENERATION_DEFAULTS.beams,
    repetitionPenalty: body.repetition_penalty ?? publishers.repetitionPenalty ?? GENERATION_DEFAULTS.repetitionPenalty,
    seed: seedOf(body.seed),
    stop: [body.stop ?? []].flat().filter((text) => text !== ""),
  };
}

/** The settings of each of several answers to a prompt: the same, but for the seed. */
export function paramsOfChoices(params: GenerationParams, count: number): GenerationParams[] {
  return Array.from({ length: count }, (_, i) => ({ ...params, seed: (params.seed + i) % SEEDS }));
}

/**
 * The adapter that a model's name stands for; undefined for the base.
 *
 * @throws {ApiError} 404 for another name
 */
export function adapterOf(model: string, base: string, { adapters }: TextSource): string | undefined {
  if (model === base) return undefined;
  if (adapters.includes(model)) return model;
  throw new ApiError(404, `the model ${model} does not exist; there are: ${[base, ...adapters].join(", ")}`, {
    param: "model",
    code: "model_not_found",
  });
}

/** A refusal of a field that cannot be honoured. */
export function refused(param: string, why: string): ApiError {
  return new ApiError(400, `${param} ${why}`, { param, code: "unsupported_parameter" });
}

function seedOf(given: number | undefined): number {
  if (given === undefined) return crypto.getRandomValues(new Uint32Array(1))[0]! % SEEDS;
  return ((given % SEEDS) + SEEDS) % SEEDS;
}
