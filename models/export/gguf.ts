import { FAMILIES } from "../families.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { FormatError } from "../formats/error.ts";
import { GGUF_MERGED_ADAPTERS } from "../formats/gguf/gguf_config.ts";
import { ggufName, permuteRotary, rotaryHeads } from "../formats/gguf/gguf_names.ts";
import { toGguf, type WrittenGgufType } from "../formats/gguf/gguf_quantize.ts";
import { ggufTokenizer, type TextSettings } from "../formats/gguf/gguf_tokenizer.ts";
import { GGUF_TYPES } from "../formats/gguf/gguf_types.ts";
import { type GgufTensor, type GgufValue, writeGguf } from "../formats/gguf/gguf_writer.ts";
import type { LlamaTensor } from "../formats/llama_tensors.ts";
import { ropeFrequencies } from "../rope_table.ts";
import type { MergedWeights } from "./merged_weights.ts";

/** general.file_type: what most of a file's weights are (llama.h, enum llama_ftype). */
const FILE_TYPES: Readonly<Record<WrittenGgufType, number>> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 };

/** How to write a GGUF file. */
export interface GgufOptions {
  /** Type of matrices; vectors are always F32, and a matrix whose rows do not fit the blocks of Q8_0 is F16. */
  readonly type: WrittenGgufType;
  /** Name of the model. */
  readonly name: string;
  readonly tokenizer: TextSettings;
  /** Ids that end an answer. */
  readonly endIds: readonly number[];
}

/**
 * Writes a model with its tokenizer as a GGUF file that llama.cpp loads.
 *
 * @param source the folder that the tokenizer is in
 * @param onProgress gets bytes of tensors written and bytes in all
 * @throws {FormatError} when a value is not finite in the type, or the tokenizer has no form in GGUF
 */
export async function writeGgufModel(
  source: string,
  weights: MergedWeights,
  path: string,
  { type, name, tokenizer, endIds }: GgufOptions,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const { config } = weights;
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: FAMILIES[config.family].gguf }],
    ["general.type", { type: "string", value: "model" }],
    ["general.name", { type: "string", value: name }],
    ["general.file_type", { type: "uint32", value: FILE_TYPES[type] }],
    ["general.quantization_version", { type: "uint32", value: 2 }],
    ...networkMetadata(config),
    ...mergedAdapters(weights),
    ...await ggufTokenizer(source, config.vocabularySize, tokenizer, endIds),
  ]);
  const tensors = weights.tensors.map((tensor) => modelTensor(weights, tensor, type, path));
  await writeGguf(path, metadata, [...tensors, ...ropeFactors(config)], onProgress);
}

function networkMetadata(config: LlamaConfig): [string, GgufValue][] {
  const whole = {
    vocab_size: config.vocabularySize,
    context_length: config.maxPositions,
    embedding_length: config.hiddenSize,
    block_count: config.layers,
    feed_forward_length: config.intermediateSize,
    "attention.head_count": config.heads,
    "attention.head_count_kv": config.keyValueHeads,
    "attention.key_length": config.headSize,
    "attention.value_length": config.headSize,
    "rope.dimension_count": config.headSize,
  };
  const kind = FAMILIES[config.family].gguf;
  return [
    ...Object.entries(whole).map(([key, value]): [string, GgufValue] => [`${kind}.${key}`, { type: "uint32", value }]),
    [`${kind}.attention.layer_norm_rms_epsilon`, { type: "float32", value: config.normEpsilon }],
    [`${kind}.rope.freq_base`, { type: "float32", value: config.ropeTheta }],
  ];
}

function mergedAdapters({ mergedAdapters: value }: MergedWeights): [string, GgufValue][] {
  return value.length === 0 ? [] : [[GGUF_MERGED_ADAPTERS, { type: "strings", value }]];
}

function modelTensor(weights: MergedWeights, tensor: LlamaTensor, wanted: WrittenGgufType, path: string): GgufTensor {
  const { name, shape } = tensor;
  const gguf = ggufName(name, weights.config.family);
  if (gguf === undefined) throw new FormatError(`${path}: cannot write tensor ${name}: GGUF has no name for it`);
  const columns = shape.at(-1) ?? 1;
  const fits = columns % GGUF_TYPES[wanted].blockValues === 0;
  const type = shape.length === 1 ? "F32" : fits ? wanted : "F16";
  const { headSize } = weights.config;
  const permuted = rotaryHeads(name, weights.config) !== undefined;
  return {
    name: gguf,
    type,
    shape,
    data: async function* () {
      for await (const values of weights.stretches(tensor, permuted ? headSize : 1)) {
        const rows = permuted ? permuteRotary(values, headSize, columns, "pairs") : values;
        yield toGguf(type, rows, `${path}: cannot write tensor ${name}`);
      }
    },
  };
}

/** By what LLaMA 3.1's scaling divides each rotary frequency: llama.cpp wants that as a tensor (D/2). */
function ropeFactors(config: LlamaConfig): GgufTensor[] {
  const { ropeScaling, ...unscaled } = config;
  if (ropeScaling === undefined) return [];
  const scaled = ropeFrequencies(config);
  const factors = Float32Array.from(ropeFrequencies(unscaled), (frequency, i) => frequency / (scaled[i] ?? frequency));
  const data = async function* () {
    yield new Uint8Array(factors.buffer);
  };
  return [{ name: "rope_freqs.weight", type: "F32", shape: [factors.length], data }];
}
