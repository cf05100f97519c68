import { z } from "zod";
import type { ModulePattern } from "./adapter_patterns.ts";
import { FormatError } from "../error.ts";
import type { LoraTarget } from "./lora_names.ts";

/** What adapter_config.json says of a LoRA adapter. */
export interface AdapterConfig {
  /** Name or path of the model that the adapter was trained on; may be empty. */
  readonly baseModel: string;
  /** R. */
  readonly rank: number;
  /** The scale of B·A is alpha / R. */
  readonly alpha: number;
  /** Share of the inputs of A that training dropped. */
  readonly dropout: number;
  readonly targets: readonly LoraTarget[];
}

const rank = z.number().int().positive().max(65536);

const ConfigFile = z.looseObject({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  r: rank,
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).max(1).default(0),
  bias: z.string().default("none"),
  target_modules: z.union([z.array(z.string()), z.string()]).nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
  layers_to_transform: z.union([z.array(z.number().int().min(0)), z.number().int().min(0)]).nullish(),
  use_rslora: z.boolean().nullish(),
  rank_pattern: z.record(z.string(), rank).nullish(),
  alpha_pattern: z.record(z.string(), z.number().positive()).nullish(),
});

/** Fields that change what the tensors mean. Each must be absent, null, false or empty. */
const UNSUPPORTED = [
  "alora_invocation_tokens",
  "arrow_config",
  "enable_lora",
  "exclude_modules",
  "fan_in_fan_out",
  "kasa_config",
  "layer_replication",
  "lora_bias",
  "layers_pattern",
  "modules_to_save",
  "monteclora_config",
  "target_parameters",
  "trainable_token_indices",
  "use_bdlora",
  "use_dora",
  "use_qalora",
  "velora_config",
];

/** Ways to start A and B that leave the base weights as they are. The others subtract the start from the base. */
const STARTS_BESIDE_BASE: readonly unknown[] = [undefined, null, true, false, "gaussian", "orthogonal", "eva"];

/** An adapter_config.json, checked. The targets are as written there: names, or a pattern of PEFT's own. */
export interface ParsedAdapterConfig extends Omit<AdapterConfig, "targets"> {
  /** Ranks of single modules that are not `rank`. */
  readonly rankPattern: ModulePattern;
  /** Alphas of single modules that are not `alpha`. */
  readonly alphaPattern: ModulePattern;
  /** The scale of B·A is alpha / √R (Kalajdzievski 2023, https://arxiv.org/abs/2312.03732). */
  readonly rankStabilised: boolean;
  readonly targetModules: readonly string[] | string | undefined;
  /** The adapted layers, if not all are. */
  readonly layersToTransform: readonly number[] | undefined;
}

/**
 * Checks the contents of an adapter_config.json.
 *
 * @param path the file, for messages
 * @throws {FormatError} when it is not valid, or describes anything but plain LoRA
 */
export function parseAdapterConfig(record: unknown, path: string): ParsedAdapterConfig {
  const parsed = ConfigFile.safeParse(record);
  if (!parsed.success) throw new FormatError(`${path}: ${z.prettifyError(parsed.error)}`);
  const file = parsed.data;
  if (file.peft_type !== "LORA") {
    throw new FormatError(`${path}: peft_type is ${JSON.stringify(file.peft_type)}; supported: "LORA"`);
  }
  if (file.bias !== "none") throw new FormatError(`${path}: bias is ${JSON.stringify(file.bias)}; supported: "none"`);
  for (const field of UNSUPPORTED) {
    if (isSet(file[field])) {
      throw new FormatError(`${path}: ${field} is ${JSON.stringify(file[field]).slice(0, 80)}, which is not supported`);
    }
  }
  if (!STARTS_BESIDE_BASE.includes(file.init_lora_weights)) {
    throw new FormatError(
      `${path}: init_lora_weights is ${JSON.stringify(file.init_lora_weights)}: the adapter belongs to changed base ` +
        `weights, which is not supported`,
    );
  }
  return {
    baseModel: file.base_model_name_or_path ?? "",
    rank: file.r,
    alpha: file.lora_alpha,
    dropout: file.lora_dropout,
    rankPattern: file.rank_pattern ?? {},
    alphaPattern: file.alpha_pattern ?? {},
    rankStabilised: file.use_rslora ?? false,
    targetModules: file.target_modules ?? undefined,
    layersToTransform: layersOf(file.layers_to_transform, path),
  };
}

/** Layers one after the other, or nothing for all. */
function layersOf(field: number[] | number | null | undefined, path: string): number[] | undefined {
  if (field === undefined || field === null) return undefined;
  const layers = [field].flat().toSorted((a, b) => a - b);
  if (layers.length > 0 && layers.every((layer, i) => layer === layers[0]! + i)) return layers;
  throw new FormatError(`${path}: layers_to_transform is [${layers}]; supported: layers one after the other`);
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** The contents of an adapter_config.json, as PEFT reads it: old versions need the first fields, new ones the rest. `layers` if not all are adapted. */
export function adapterConfigToJson(config: AdapterConfig, layers?: readonly number[]): string {
  const record = {
    base_model_name_or_path: config.baseModel,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: null,
    peft_type: "LORA",
    r: config.rank,
    target_modules: config.targets,
    task_type: "CAUSAL_LM",
    alpha_pattern: {},
    auto_mapping: null,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: layers ?? null,
    rank_pattern: {},
    revision: null,
    use_dora: false,
    use_rslora: false,
  };
  return JSON.stringify(record, null, 2) + "\n";
}
