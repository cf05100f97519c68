import { basename, dirname, fromFileUrl, join } from "@std/path";
import { PLAIN_FAMILY } from "../../models/families.ts";
import { HEAD_SIZE_STEP, type LlamaConfig } from "../../models/formats/config.ts";
import { configRecord } from "../../models/formats/config_record.ts";
import { ggufParts, isGguf, isModelFile } from "../../models/formats/weight_forms.ts";
import { buildTokenizer } from "../../models/formats/tokenizer/tokenizer_builder.ts";
import { readExampleBatches } from "../../datasets/formats/read_examples.ts";
import { template } from "../../datasets/templates/templates.ts";
import { writeRandomModel } from "../../models/init_model.ts";
import { defineStage, inputFolder, PipelineError, type Ref, type Stage, z } from "../core/mod.ts";
import { adapter, dataset, modelFiles } from "./kinds.ts";

/**
 * A model of the user's: a folder with config.json, tokenizer and weights as model.safetensors or pytorch_model.bin (or
 * shards with their index), a checkpoint of Meta's (params.json, consolidated.00.pth, …, tokenizer.model), or a .gguf
 * file. Other files, such as a README or the same weights in a second form, do not count.
 */
export function modelFolder(path: string): Ref<typeof modelFiles> {
  if (isGguf(path)) {
    const parts = ggufParts(basename(path));
    const [file = ""] = parts;
    const meta = { name: basename(path, ".gguf"), file };
    return inputFolder(modelFiles, dirname(path), { include: (name) => parts.includes(name), meta });
  }
  refuseAdapter(path);
  const names = () => [...Deno.readDirSync(path)].map(({ name }) => name);
  return inputFolder(modelFiles, path, {
    include: (name) => isModelFile(name, names()),
    meta: { name: basename(path) },
  });
}

/** @throws {PipelineError} when a folder has an adapter and no model, which is a mix-up of two flags */
function refuseAdapter(path: string): void {
  const has = (name: string) => {
    try {
      return Deno.statSync(join(path, name)).isFile;
    } catch {
      return false;
    }
  };
  if (!has("adapter_config.json") || has("config.json") || has("params.json")) return;
  throw new PipelineError(
    `the base model ${path}: it is an adapter. Give it as --lora-path, and as --base-model the model that it was trained on`,
  );
}

/**
 * Folder of the small model that comes with this project: it knows 483 words in Chinese, pinyin and English, small numbers and
 * their order, and follows no instructions. See models/vicuna-tiny/README.md; licence CC BY-SA 4.0.
 */
export const embeddedModelPath: string = fromFileUrl(new URL("../../models/vicuna-tiny", import.meta.url));

/** The model at {@link embeddedModelPath}. */
export function embeddedModel(): Ref<typeof modelFiles> {
  return modelFolder(embeddedModelPath);
}

/** Where a model lies whose files are in `dir`: there, or in one of them. */
export function modelPath(dir: string, { file }: { readonly file?: string }): string {
  return file === undefined ? dir : join(dir, file);
}

/** An adapter folder of the user's: PEFT's, or a checkpoint of Chinese-Vicuna (models/formats/adapter/adapter_reader.ts). */
export function adapterFolder(path: string): Ref<typeof adapter> {
  return inputFolder(adapter, path, {
    include: (name) => /^(adapter_(config\.json|model\.\w+)|pytorch_model\.bin)$/.test(name),
    meta: {},
  });
}

/** The size of an untrained model. */
export const randomModelOptions = {
  vocabularySize: z.number().int().min(300).default(1000).describe("entries of a random model's tokenizer"),
  hiddenSize: z.number().int().multipleOf(4).default(128).describe("width of a random model"),
  layers: z.number().int().min(1).default(4).describe("layers of a random model"),
  heads: z.number().int().min(1).default(4).describe("query heads of a random model"),
  intermediateSize: z.number().int().multipleOf(4).default(344).describe("width of its feed-forward layers"),
};

/** Params of untrained models. */
export const randomModelParams = z.object({
  ...randomModelOptions,
  seed: z.number().int().min(0).max(0xffffffff).default(1).describe("seed of the weights"),
  maxPositions: z.number().int().min(8).default(512).describe("longest sequence"),
  initializerRange: z.number().positive().default(0.02).describe("standard deviation of the weights"),
}).superRefine(({ hiddenSize, heads }, context) => {
  const step = heads * HEAD_SIZE_STEP;
  if (hiddenSize > 0 && hiddenSize % step === 0) return;
  const below = Math.floor(hiddenSize / step) * step;
  const good = [below, below + step].filter((size) => size > 0).join(" or ");
  const message =
    `hiddenSize ${hiddenSize} with ${heads} heads gives heads of ${hiddenSize / heads}; wanted a multiple of ` +
    `${HEAD_SIZE_STEP}, as a hiddenSize of ${good} gives`;
  context.addIssue({ code: "custom", path: ["hiddenSize"], message });
});

/** Params of {@link randomModel}. */
export type RandomModelParams = z.input<typeof randomModelParams>;

/**
 * Makes a small untrained LLaMA folder from a seed, with a byte-fallback tokenizer built from a data set's training
 * rows: for trying the pipeline where there is no model. It knows nothing.
 */
export const randomModel: Stage<{ readonly data: typeof dataset }, RandomModelParams, typeof modelFiles> = defineStage({
  name: "random_model",
  version: 1,
  inputs: { data: dataset },
  params: randomModelParams,
  output: modelFiles,
  foresee: ({ params }) => ({ meta: { name: nameOf(params), config: configRecord(configOf(params)) } }),
  async run({ inputs, params, output }) {
    const { seed, vocabularySize, initializerRange } = params;
    const texts: string[] = [];
    for await (const batch of readExampleBatches(join(inputs.data.dir, "train.jsonl"))) {
      for (const example of batch) texts.push(template("alpaca").prompt(example), example.output);
    }
    const config = configOf(params);
    const tokenizerJson = buildTokenizer(texts, vocabularySize);
    await writeRandomModel(output.dir, { seed, config, tokenizerJson, initializerRange });
    return { name: nameOf(params) };
  },
});

/** Name of an untrained model. */
export const nameOf = ({ seed }: z.output<typeof randomModelParams>): string => `untrained random LLaMA, seed ${seed}`;

/** The network of an untrained model. */
export function configOf(
  { vocabularySize, heads, hiddenSize, intermediateSize, layers, maxPositions }: z.output<typeof randomModelParams>,
): LlamaConfig {
  return {
    family: PLAIN_FAMILY,
    hiddenSize,
    intermediateSize,
    layers,
    maxPositions,
    vocabularySize,
    heads,
    keyValueHeads: heads,
    headSize: hiddenSize / heads,
    normEpsilon: 1e-6,
    ropeTheta: 10000,
    tiedEmbeddings: false,
    bosId: 1,
    eosIds: [2],
  };
}
