import { join } from "@std/path";
import { z } from "zod";
import { FAMILIES, FAMILY_NAMES, type FamilyName, isFamilyName } from "../families.ts";
import { FormatError } from "./error.ts";
import { isInt8 } from "./int8_rows.ts";
import { readJsonFile } from "./json_file.ts";
import { type LlamaRopeScaling, parseRope, ROPE_FIELDS } from "./rope_config.ts";

export type { LlamaRopeScaling } from "./rope_config.ts";

/** The shape of a LLaMA network, or of one of its relatives, as config.json of a Hugging Face folder gives it. */
export interface LlamaConfig {
  /** What kind of network it is: families.ts says what that means. */
  readonly family: FamilyName;
  /** C, width of the residual stream. */
  readonly hiddenSize: number;
  /** F, width of the feed-forward layer. */
  readonly intermediateSize: number;
  /** Number of layers. */
  readonly layers: number;
  /** H, query heads. */
  readonly heads: number;
  /** G, key/value heads; divides H. */
  readonly keyValueHeads: number;
  /** D, width of one head. */
  readonly headSize: number;
  /** V, rows of the embedding and of the head. */
  readonly vocabularySize: number;
  /** The longest sequence that the model was made for. */
  readonly maxPositions: number;
  /** Most tokens that a token sees, itself among them, where that is not all of them. */
  readonly slidingWindow?: number;
  /** ε of RMSNorm. */
  readonly normEpsilon: number;
  /** Base of the rotary frequencies. */
  readonly ropeTheta: number;
  /** LLaMA 3's stretching of the rotary frequencies, when the model has it. */
  readonly ropeScaling?: LlamaRopeScaling;
  /** True when the head is the embedding, and the folder has no lm_head. */
  readonly tiedEmbeddings: boolean;
  /** As config.json says; the tokenizer's own ids go first where the two differ. */
  readonly bosId: number;
  /** Every id that ends an answer; may be empty. */
  readonly eosIds: readonly number[];
  /** Digests of adapters (adapter_digest.ts) that this project has added to the weights, where there are any. */
  readonly mergedAdapters?: readonly string[];
}

/** The field of config.json that names adapters in the weights; this project's own. */
export const MERGED_ADAPTERS = "vicuna_merged_adapters";

const size = z.number().int().positive().max(2 ** 31 - 1);

/** The fields of config.json that matter here, with the defaults of transformers' LlamaConfig. */
const ConfigFile = z.looseObject({
  model_type: z.string(),
  hidden_size: size.default(4096),
  intermediate_size: size.default(11008),
  num_hidden_layers: size.max(10_000).default(32),
  num_attention_heads: size.default(32),
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  vocab_size: size.default(32000),
  max_position_embeddings: size.default(2048),
  rms_norm_eps: z.number().positive().default(1e-6),
  hidden_act: z.string().default("silu"),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  use_sliding_window: z.boolean().nullish(),
  layer_types: z.array(z.string()).nullish(),
  tie_word_embeddings: z.boolean().default(false),
  bos_token_id: z.number().int().nullish(),
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).nullable().default(2),
  quantization_config: z.unknown().optional(),
  [MERGED_ADAPTERS]: z.array(z.string()).optional(),
  ...ROPE_FIELDS,
});

type ConfigFile = z.infer<typeof ConfigFile>;

/**
 * Reads config.json of a model folder.
 *
 * @throws {FormatError} when it is missing or not valid, or describes a network of another kind
 */
export async function readConfig(directory: string): Promise<LlamaConfig> {
  const path = join(directory, "config.json");
  const record = await readJsonFile(path);
  if (record === undefined) {
    throw new FormatError(`${directory} is not a model folder: it has no config.json`, { kind: "notModel" });
  }
  return parseConfig(record, path);
}

/**
 * Checks the contents of a config.json.
 *
 * @param path the file, for messages
 * @throws {FormatError} as {@linkcode readConfig}
 */
export function parseConfig(record: unknown, path: string): LlamaConfig {
  const type = z.looseObject({ model_type: z.string() }).safeParse(record);
  if (!type.success) throw new FormatError(`${path}: ${z.prettifyError(type.error)}`);
  const family = familyOf(type.data.model_type, path);
  const parsed = ConfigFile.safeParse({ ...FAMILIES[family].defaults, ...type.data });
  if (!parsed.success) throw new FormatError(`${path}: ${z.prettifyError(parsed.error)}`);
  const file = parsed.data;
  refuseOtherNetworks(file, family, path);

  const heads = file.num_attention_heads;
  const keyValueHeads = file.num_key_value_heads ?? heads;
  const headSize = file.head_dim ?? file.hidden_size / heads;
  checkSizes(file, heads, keyValueHeads, headSize, path);
  const slidingWindow = windowOf(file, family, path);
  const { theta, scaling } = parseRope(file, file.max_position_embeddings, path);
  return {
    family,
    hiddenSize: file.hidden_size,
    intermediateSize: file.intermediate_size,
    layers: file.num_hidden_layers,
    heads,
    keyValueHeads,
    headSize,
    vocabularySize: file.vocab_size,
    maxPositions: file.max_position_embeddings,
    ...(slidingWindow === undefined ? {} : { slidingWindow }),
    normEpsilon: file.rms_norm_eps,
    ropeTheta: theta,
    ...(scaling === undefined ? {} : { ropeScaling: scaling }),
    tiedEmbeddings: file.tie_word_embeddings,
    bosId: file.bos_token_id ?? 1,
    eosIds: file.eos_token_id === null ? [] : [file.eos_token_id].flat(),
    ...(file[MERGED_ADAPTERS] && { mergedAdapters: file[MERGED_ADAPTERS] }),
  };
}

/** Names of fields with which relatives of these networks compute something else. */
const CHANGES_RESULTS =
  /(^|_)(scale|scaling|multiplier|softcap|softcapping|clip|alibi|experts?|moe|rope|rotary|norm|bias|window|residual)(_|$)/;

/** Those that are read whatever the family is. */
const READ = ["rms_norm_eps", ...Object.keys(ROPE_FIELDS)];

/** Whether a value asks for nothing: off, no scale, no limit. */
function isNeutral(field: string, value: unknown): boolean {
  return value === null || value === false || value === 0 || (value === 1 && /scal|multiplier/.test(field)) ||
    (Array.isArray(value) && value.length === 0);
}

function familyOf(type: string, path: string): FamilyName {
  if (isFamilyName(type)) return type;
  const known = FAMILY_NAMES.map((name) => `"${name}"`).join(", ");
  throw new FormatError(`${path}: model_type is ${JSON.stringify(type)}; supported: ${known}`);
}

/** The window, in a family that may have one. */
function windowOf(file: ConfigFile, family: FamilyName, path: string): number | undefined {
  const { window } = FAMILIES[family];
  const parsed = size.nullish().safeParse(window && file[window]);
  if (!parsed.success) throw new FormatError(`${path}: ${window}: ${z.prettifyError(parsed.error)}`);
  return parsed.data ?? undefined;
}

function refuseOtherNetworks(file: ConfigFile, family: FamilyName, path: string): void {
  const { only, harmless, window } = FAMILIES[family];
  const refuse = (field: string, found: unknown, wanted: string): never => {
    throw new FormatError(`${path}: ${field} is ${JSON.stringify(found)}; supported: ${wanted}`);
  };
  for (const [field, wanted] of Object.entries(only)) {
    const found = file[field] ?? wanted;
    if (found !== wanted) refuse(field, found, JSON.stringify(wanted));
  }
  const layer = file.layer_types?.find((type) => type !== "full_attention");
  if (layer !== undefined) refuse("layer_types", layer, '"full_attention"');
  const understood = new Set([...READ, ...Object.keys(only), ...harmless, ...(window ? [window] : [])]);
  for (const [field, value] of Object.entries(file)) {
    if (CHANGES_RESULTS.test(field) && !understood.has(field) && !isNeutral(field, value)) {
      refuse(field, value, "nothing, since it is not known here and may change what the network computes");
    }
  }
  if (
    file.quantization_config !== undefined && file.quantization_config !== null && !isInt8(file.quantization_config)
  ) {
    throw new FormatError(
      `${path}: quantization_config is set: the weights are already quantised; wanted float32, float16, bfloat16, or int8 ` +
        `by rows in the form of compressed-tensors ("int-quantized")`,
    );
  }
}

function checkSizes(file: ConfigFile, heads: number, keyValueHeads: number, headSize: number, path: string): void {
  if (!Number.isInteger(headSize)) {
    throw new FormatError(`${path}: hidden_size ${file.hidden_size} is not a multiple of num_attention_heads ${heads}`);
  }
  if (heads % keyValueHeads !== 0) {
    throw new FormatError(
      `${path}: num_attention_heads ${heads} is not a multiple of num_key_value_heads ${keyValueHeads}`,
    );
  }
  const widths = { hidden_size: file.hidden_size, intermediate_size: file.intermediate_size };
  for (const [field, width] of Object.entries(widths)) {
    if (width % 4 !== 0) throw new FormatError(`${path}: ${field} is ${width}; wanted a multiple of 4`);
  }
  expectHeadSize(headSize, path);
}

/** What the width of a head must be a multiple of: kernels/attention/rope.ts turns so many values at once. */
export const HEAD_SIZE_STEP = 8;

/** @throws {FormatError} for heads of a width that the kernels do not compute */
export function expectHeadSize(headSize: number, path: string): void {
  if (headSize % HEAD_SIZE_STEP === 0) return;
  throw new FormatError(`${path}: head size is ${headSize}; wanted a multiple of ${HEAD_SIZE_STEP}`);
}

/** The contents of a config.json for a network, in the form that transformers reads. Weights are float32. */
export function configToJson(config: LlamaConfig): string {
  const { ropeScaling, slidingWindow = null } = config;
  const { architecture, window } = FAMILIES[config.family];
  const record = {
    architectures: [architecture],
    model_type: config.family,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    vocab_size: config.vocabularySize,
    max_position_embeddings: config.maxPositions,
    ...(window && { [window]: slidingWindow }),
    rms_norm_eps: config.normEpsilon,
    rope_theta: config.ropeTheta,
    rope_scaling: ropeScaling === undefined ? null : {
      rope_type: "llama3",
      factor: ropeScaling.factor,
      low_freq_factor: ropeScaling.lowFrequencyFactor,
      high_freq_factor: ropeScaling.highFrequencyFactor,
      original_max_position_embeddings: ropeScaling.originalMaxPositions,
    },
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: config.tiedEmbeddings,
    bos_token_id: config.bosId,
    eos_token_id: config.eosIds.length === 1 ? config.eosIds[0] : config.eosIds,
    torch_dtype: "float32",
    ...(config.mergedAdapters && { [MERGED_ADAPTERS]: config.mergedAdapters }),
  };
  return JSON.stringify(record, null, 2) + "\n";
}
