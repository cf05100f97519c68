import { join } from "@std/path";
import { configToJson, expectHeadSize, type LlamaConfig } from "./formats/config.ts";
import { FormatError } from "./formats/error.ts";
import { type LlamaTensor, llamaTensors } from "./formats/llama_tensors.ts";
import { type TensorEntry, writeSafetensors } from "./formats/safetensors/safetensors.ts";
import { parseTokenizerJson } from "./formats/tokenizer/tokenizer_json.ts";

/** What {@linkcode writeRandomModel} makes a model from. */
export interface RandomModelOptions {
  /** A whole number from 0 to 2^32 − 1; the same seed gives the same bytes. */
  readonly seed: number;
  readonly config: LlamaConfig;
  /** The text of a tokenizer.json. */
  readonly tokenizerJson: string;
  /** Standard deviation of embeddings and projections; 0.02 when left out, as transformers starts a model. */
  readonly initializerRange?: number;
}

/**
 * Writes a Hugging Face folder of an untrained LLaMA model: config.json, model.safetensors (float32),
 * tokenizer.json and tokenizer_config.json. Weights are normally distributed, those of the norms are 1. The file is
 * streamed: a model larger than memory can be made.
 *
 * @throws {FormatError} when the tokenizer is not valid or does not fit the configuration, or heads have a width that is not
 * computed
 */
export async function writeRandomModel(directory: string, options: RandomModelOptions): Promise<void> {
  const { seed, config, tokenizerJson, initializerRange = 0.02 } = options;
  expectHeadSize(config.headSize, directory);
  const tokenizerConfig = tokenizerConfigJson(tokenizerJson, config, join(directory, "tokenizer.json"));
  await Deno.mkdir(directory, { recursive: true });
  const entries = llamaTensors(config).map((tensor) => randomEntry(tensor, seed, initializerRange));
  await writeSafetensors(join(directory, "model.safetensors"), entries, { format: "pt" });
  await Deno.writeTextFile(join(directory, "config.json"), configToJson(config));
  await Deno.writeTextFile(join(directory, "tokenizer.json"), tokenizerJson);
  await Deno.writeTextFile(join(directory, "tokenizer_config.json"), tokenizerConfig);
}

function tokenizerConfigJson(tokenizerJson: string, config: LlamaConfig, path: string): string {
  const { vocabulary } = parseTokenizerJson(new TextEncoder().encode(tokenizerJson), path);
  if (vocabulary.bytes.length > config.vocabularySize) {
    throw new FormatError(
      `${path} has ${vocabulary.bytes.length} ids; the model's vocabularySize is ${config.vocabularySize}`,
    );
  }
  const nameOf = (id: number | undefined) => [...vocabulary.ids].find(([, own]) => own === id)?.[0] ?? null;
  const record = {
    tokenizer_class: "LlamaTokenizer",
    bos_token: nameOf(config.bosId),
    eos_token: nameOf(config.eosIds[0]),
    unk_token: nameOf(vocabulary.unkId),
    add_bos_token: true,
    add_eos_token: false,
    model_max_length: config.maxPositions,
  };
  return JSON.stringify(record, null, 2) + "\n";
}

/** Values in one written piece: 1 MiB. */
const PIECE_VALUES = 1 << 18;

function randomEntry({ name, shape }: LlamaTensor, seed: number, deviation: number): TensorEntry {
  const length = shape.reduce((product, size) => product * size, 1);
  const valueAt = shape.length === 1 ? () => 1 : normalValues(seed, name, deviation);
  async function* data(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < length; start += PIECE_VALUES) {
      const piece = new Float32Array(Math.min(PIECE_VALUES, length - start));
      for (let i = 0; i < piece.length; i++) piece[i] = valueAt(start + i);
      yield new Uint8Array(piece.buffer);
    }
  }
  return { name, dtype: "F32", shape, data };
}

/**
 * Normally distributed values that depend on seed, name and place alone, by Box and Muller's formula, so that a change
 * of one tensor leaves all others as they were.
 */
function normalValues(seed: number, name: string, deviation: number): (place: number) => number {
  let stream = seed >>> 0;
  for (const byte of new TextEncoder().encode(name)) stream = mixed(stream ^ byte);
  return (place) => {
    const low = mixed(stream ^ mixed(place >>> 0));
    const high = mixed(low ^ mixed(Math.floor(place / 2 ** 32) + 0x9e3779b9));
    const other = mixed(high + 0x85ebca6b);
    const radius = Math.sqrt(-2 * Math.log((high + 0.5) / 2 ** 32));
    return deviation * radius * Math.cos((2 * Math.PI * other) / 2 ** 32);
  };
}

/** Spreads every bit of a 32-bit number over all others (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
