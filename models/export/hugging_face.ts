import { join } from "@std/path";
import { configToJson, MERGED_ADAPTERS } from "../formats/config.ts";
import { elementBytes, type FloatDtype, fromFiniteFloat32 } from "../formats/dtype.ts";
import { FormatError } from "../formats/error.ts";
import { readGenerationConfig } from "../formats/generation_config.ts";
import { readFileIfPresent, readJsonFile } from "../formats/json_file.ts";
import type { LlamaTensor } from "../formats/llama_tensors.ts";
import { type TensorEntry, writeSafetensors } from "../formats/safetensors/safetensors.ts";
import { TOKENIZER_COMPANIONS } from "../formats/tokenizer/tokenizer_settings.ts";
import type { MergedWeights } from "./merged_weights.ts";

/** Files of a model folder besides weights and config.json that a merged model needs as they are. */
const COMPANIONS = ["tokenizer.json", "tokenizer.model", ...TOKENIZER_COMPANIONS, "vocab.json", "merges.txt"];

const MAX_COMPANION_BYTES = 200_000_000;

const TORCH_NAMES: Readonly<Record<FloatDtype, string>> = { F32: "float32", F16: "float16", BF16: "bfloat16" };

/** How to write a Hugging Face folder. */
export interface HuggingFaceOptions {
  readonly dtype: FloatDtype;
  /** Largest file of weights, in bytes; a tensor that is larger has a file of its own. */
  readonly maxShardBytes: number;
  /** Whether a file of the source, which is not weights, may be read; all, when left out. */
  readonly mayRead?: ((name: string) => boolean) | undefined;
  /** Ids that end an answer: generation_config.json names them where neither it nor config.json does. */
  readonly endIds: readonly number[];
}

/**
 * Writes a Hugging Face model folder that transformers loads: model.safetensors, or shards with their index;
 * config.json; the tokenizer and other files as they are in the source folder.
 *
 * @param source the folder with the model's config.json, if it has one, and tokenizer
 * @param directory an empty folder
 * @param onProgress gets bytes of weights written and bytes in all
 * @throws {FormatError} when a value is not finite in the element type
 */
export async function writeHuggingFaceModel(
  source: string,
  weights: MergedWeights,
  directory: string,
  { dtype, maxShardBytes, mayRead = () => true, endIds }: HuggingFaceOptions,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<void> {
  const shards = shardsOf(weights.tensors, dtype, maxShardBytes);
  const nameOf = (shard: number) => {
    if (shards.length === 1) return "model.safetensors";
    const number = (value: number) => String(value).padStart(5, "0");
    return `model-${number(shard + 1)}-of-${number(shards.length)}.safetensors`;
  };
  const total = weights.tensors.reduce((sum, tensor) => sum + bytesOf(tensor, dtype), 0);
  let done = 0;
  for (const [shard, tensors] of shards.entries()) {
    const path = join(directory, nameOf(shard));
    const entries = tensors.map((tensor): TensorEntry => ({
      ...tensor,
      dtype,
      data: async function* () {
        for await (const values of weights.stretches(tensor)) {
          const bytes = fromFiniteFloat32(dtype, values, `${path}: cannot write tensor ${tensor.name}`);
          yield bytes;
          onProgress(done += bytes.length, total);
        }
      },
    }));
    await writeSafetensors(path, entries, { format: "pt" });
  }
  if (shards.length > 1) {
    const places = shards.flatMap((tensors, shard) => tensors.map(({ name }) => [name, nameOf(shard)] as const));
    const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places.toSorted()) };
    await Deno.writeTextFile(join(directory, "model.safetensors.index.json"), JSON.stringify(index, null, 2) + "\n");
  }
  await Deno.writeTextFile(join(directory, "config.json"), await configText(source, weights, dtype));
  for (const name of COMPANIONS.filter(mayRead)) {
    const bytes = await readFileIfPresent(join(source, name), MAX_COMPANION_BYTES);
    // Written anew, not copied: a read-only source should not give a read-only model.
    if (bytes !== undefined) await Deno.writeFile(join(directory, name), bytes);
  }
  await nameEnds(directory, endIds, weights.config.eosIds);
}

/** transformers stops at the ids of generation_config.json, and without it at those of config.json. */
async function nameEnds(directory: string, endIds: readonly number[], inConfig: readonly number[]): Promise<void> {
  const path = join(directory, "generation_config.json");
  const record = await readJsonFile(path);
  const { eosIds } = await readGenerationConfig(directory);
  const named = eosIds.length > 0 ? eosIds : inConfig;
  if (endIds.every((id) => named.includes(id))) return;
  const ends = { ...record as object | undefined, eos_token_id: endIds };
  await Deno.writeTextFile(path, JSON.stringify(ends, null, 2) + "\n");
}

function bytesOf({ shape }: LlamaTensor, dtype: FloatDtype): number {
  return shape.reduce((product, size) => product * size, elementBytes(dtype));
}

function shardsOf(tensors: readonly LlamaTensor[], dtype: FloatDtype, maxBytes: number): LlamaTensor[][] {
  const shards: LlamaTensor[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const size = bytesOf(tensor, dtype);
    if (bytes > 0 && bytes + size > maxBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)?.push(tensor);
    bytes += size;
  }
  return shards;
}

/** The source's config.json with the element type of what was written, and the adapters in it; made from the network where there is none. */
async function configText(
  source: string,
  { config, mergedAdapters }: MergedWeights,
  dtype: FloatDtype,
): Promise<string> {
  const path = join(source, "config.json");
  const record = await readJsonFile(path) ?? JSON.parse(configToJson(config));
  if (typeof record !== "object" || record === null) throw new FormatError(`${path} is not a JSON object`);
  // transformers 5 writes `dtype`, every earlier version `torch_dtype`.
  // What is written is not quantised, whatever the source was.
  const { dtype: _dtype, torch_dtype: _torchDtype, quantization_config: _quantization, ...rest } = record as Record<
    string,
    unknown
  >;
  const merged = mergedAdapters.length === 0 ? {} : { [MERGED_ADAPTERS]: mergedAdapters };
  return JSON.stringify({ ...rest, torch_dtype: TORCH_NAMES[dtype], ...merged }, null, 2) + "\n";
}
