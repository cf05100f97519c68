import { familyOfGguf, GGUF_ARCHITECTURES } from "../../families.ts";
import { ropeFrequencies } from "../../rope_table.ts";
import { type LlamaConfig, MERGED_ADAPTERS, parseConfig } from "../config.ts";
import { FormatError, quoted } from "../error.ts";
import type { GgufFile } from "./gguf_file.ts";

/** LLaMA 3's rotary stretching in GGUF: a factor for each of the D/2 frequencies. */
const ROPE_FACTORS = "rope_freqs.weight";

/** The key that names adapters in the weights; this project's own. */
export const GGUF_MERGED_ADAPTERS = "vicuna.merged_adapters";

type NeutralValue = number | string | boolean;

/** Keys that are read, or that say nothing of what the network computes. */
const UNDERSTOOD = new Set([
  ...["vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length", "rope.freq_base"],
  ...["attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length"],
  ...["attention.layer_norm_rms_epsilon", "rope.dimension_count", "rope.scaling.original_context_length"],
  ...["rope.scaling.finetuned", "tensor_data_layout"],
]);

/** Keys with the values that change nothing: what relatives of these networks compute otherwise is not done here. */
const NEUTRAL: Readonly<Record<string, readonly NeutralValue[]>> = {
  "expert_count": [0],
  "expert_used_count": [0],
  "rope.scaling.type": ["none"],
  "rope.scaling.factor": [0, 1],
  "rope.scaling.attn_factor": [0, 1],
  "rope.scale_linear": [0, 1],
  "attention.sliding_window": [0],
  "attention.causal": [true],
  "attention.clamp_kqv": [0],
  "attention.max_alibi_bias": [0],
  "attention.scale": [0],
  "use_parallel_residual": [false],
  "logit_scale": [0, 1],
  "embedding_scale": [0, 1],
  "residual_scale": [0, 1],
};

/**
 * The network that the metadata of a GGUF file describes.
 *
 * @throws {FormatError} when it is of no family that is known, or a value is missing or not valid
 */
export async function ggufConfig(file: GgufFile): Promise<LlamaConfig> {
  const { path } = file;
  const architecture = file.value("general.architecture", "string");
  const family = familyOfGguf(architecture);
  if (architecture === undefined || family === undefined) {
    const shown = architecture === undefined ? "missing" : quoted(architecture);
    throw new FormatError(`${path}: general.architecture is ${shown}; supported: ${GGUF_ARCHITECTURES.join(", ")}`);
  }
  const number = (key: string) => file.value(`${architecture}.${key}`, "number");
  refuseOtherNetworks(file, architecture);
  const needed = (key: string) => {
    const value = number(key);
    if (value === undefined) throw new FormatError(`${path} has no metadata ${architecture}.${key}`);
    return value;
  };
  const hiddenSize = needed("embedding_length");
  const heads = needed("attention.head_count");
  const headSize = number("attention.key_length") ?? hiddenSize / heads;
  const endIds = ["eos_token_id", "eot_token_id", "eom_token_id"]
    .map((key) => file.value(`tokenizer.ggml.${key}`, "number"))
    .filter((id) => id !== undefined);
  const record = {
    model_type: family,
    hidden_size: hiddenSize,
    intermediate_size: needed("feed_forward_length"),
    num_hidden_layers: needed("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: number("attention.head_count_kv") ?? heads,
    head_dim: headSize,
    vocab_size: vocabularyRows(file),
    max_position_embeddings: needed("context_length"),
    // The float32 of the file, without the digits that it cannot hold.
    rms_norm_eps: Number(needed("attention.layer_norm_rms_epsilon").toPrecision(7)),
    rope_theta: number("rope.freq_base") ?? 10000,
    tie_word_embeddings: !file.tensors.has("output.weight"),
    bos_token_id: file.value("tokenizer.ggml.bos_token_id", "number"),
    eos_token_id: [...new Set(endIds)],
    [MERGED_ADAPTERS]: file.value(GGUF_MERGED_ADAPTERS, "strings"),
  };
  const config = parseConfig(record, `${path}: metadata`);
  return file.tensors.has(ROPE_FACTORS) ? await stretched(config, file) : config;
}

/** Rows of the embedding: the number of tokens, and often some more. */
function vocabularyRows(file: GgufFile): number | undefined {
  return file.tensors.get("token_embd.weight")?.shape[0];
}

function refuseOtherNetworks(file: GgufFile, architecture: string): void {
  const refuse = (key: string, found: unknown, wanted: string): never => {
    throw new FormatError(`${file.path}: ${architecture}.${key} is ${JSON.stringify(found)}; supported: ${wanted}`);
  };
  for (const [name, value] of file.metadata) {
    const key = name.startsWith(`${architecture}.`) ? name.slice(architecture.length + 1) : undefined;
    if (key === undefined || UNDERSTOOD.has(key)) continue;
    if (NEUTRAL[key]?.includes(value as NeutralValue)) continue;
    const neutral = NEUTRAL[key]?.map((each) => JSON.stringify(each)).join(" or ");
    refuse(key, typeof value === "object" ? "a list" : value, neutral ?? "nothing, since it is not known here");
  }
  const turned = file.value(`${architecture}.rope.dimension_count`, "number");
  const headSize = file.value(`${architecture}.attention.key_length`, "number") ??
    (file.value(`${architecture}.embedding_length`, "number") ?? 0) /
      (file.value(`${architecture}.attention.head_count`, "number") ?? 1);
  if (turned !== undefined && turned !== headSize) refuse("rope.dimension_count", turned, `${headSize}`);
  const values = file.value(`${architecture}.attention.value_length`, "number");
  if (values !== undefined && values !== headSize) refuse("attention.value_length", values, `${headSize}`);
}

/** LLaMA 3's values besides the factor, which the file does not give: all of its models have these. */
const LLAMA3 = { lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 };

/** Finds the stretching that gives the factors of the file. */
async function stretched(config: LlamaConfig, file: GgufFile): Promise<LlamaConfig> {
  const factors = await file.readFloat32(ROPE_FACTORS);
  const result = { ...config, ropeScaling: { factor: Math.max(...factors), ...LLAMA3 } };
  const plain = ropeFrequencies(config);
  const wanted = ropeFrequencies(result);
  const same = factors.length === plain.length &&
    factors.every((factor, i) => Math.abs(plain[i]! / factor / wanted[i]! - 1) < 1e-4);
  if (!same) {
    throw new FormatError(`${file.path}: tensor "${ROPE_FACTORS}" stretches rotary angles in another way than LLaMA 3`);
  }
  return result;
}
