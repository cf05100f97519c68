import { join } from "@std/path";
import { type LlamaConfig, readConfig } from "../../models/formats/config.ts";
import { configOfRecord, configRecord } from "../../models/formats/config_record.ts";
import type { FloatDtype } from "../../models/formats/dtype.ts";
import { FullTrainer } from "../../models/training/full_trainer.ts";
import { loadModel } from "../../models/model_folder.ts";
import { defineStage, type Stage, type StageContext, z } from "../core/mod.ts";
import { modelFiles, tokens } from "./kinds.ts";
import { tokenizerFiles } from "./tokens/tokenizer_of.ts";
import { settings, stepParams, trainOptions } from "./training/training_params.ts";
import { foreseeMemory, type Method, runTraining } from "./training/training_run.ts";

/** Element types of the written weights, by the names of config.json. */
const DTYPES = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const satisfies Record<string, FloatDtype>;

// Its weights have 32 bits, which bytes do not meet.
const { activations: _, ...steps } = trainOptions;

/** What decides the steps of training all weights, with its own defaults; {@link trainSettings} are the same. */
export const trainFullOptions = {
  ...steps,
  learningRate: trainOptions.learningRate.default(1e-3),
  schedule: trainOptions.schedule.default("cosine").describe("how the learning rate falls"),
  minimumRatio: trainOptions.minimumRatio.default(0.1),
  weightDecay: trainOptions.weightDecay.default(0.1).describe("AdamW's weight decay, for matrices only"),
  dtype: z.enum(["float32", "float16", "bfloat16"]).default("float32").describe("element type of the written weights"),
};

const params = z.object({
  ...trainFullOptions,
  ...stepParams,
  beta2: z.number().min(0).lt(1).default(0.95).describe("AdamW's decay of the second moment"),
});

/** Params and settings of {@link trainFull}. */
export type TrainFullParams = z.input<typeof params> & z.input<typeof settings>;

const inputs = { model: modelFiles, tokens };
type Context = StageContext<typeof inputs, z.output<typeof params>, z.output<typeof settings>>;

/**
 * Trains all weights of a model (`method: "full"` in other tools) in float32: of one of the user's ({@link modelFolder}), or
 * of one that begins with random weights (`init: "random"`, {@link randomModel}). Its result is a model folder, which
 * {@link quantize} takes and other tools read; checkpoints hold model folders too. The tokenizer for {@link tokenize} is
 * {@link tokenizerOf} of the same model. To learn from plain text, tokenise with `trainOnInputs`. As with {@link train}, the
 * result is the same to the byte on the same device and driver, stopped in between or not.
 *
 * @example
 * ```ts
 * import { embeddedSamples, merge, randomModel, tokenize, tokenizerOf, trainFull } from "vicuna";
 *
 * const data = merge({ sources: [embeddedSamples({ form: "belle" })], validation: 60 });
 * const model = randomModel({ data, hiddenSize: 64, intermediateSize: 192, layers: 2, heads: 4 });
 * const tokens = tokenize({ data, tokenizer: tokenizerOf({ model }), maxTokens: 128, trainOnInputs: true });
 * const trained = trainFull({ model, tokens, maxSteps: 100, batchSize: 8 });
 * ```
 */
export const trainFull: Stage<
  { readonly model: typeof modelFiles; readonly tokens: typeof tokens },
  TrainFullParams,
  typeof modelFiles
> = defineStage({
  name: "train_full",
  version: 2,
  inputs,
  params,
  settings,
  output: modelFiles,
  async foresee({ inputs: { model, tokens }, params, settings }) {
    const config = model.meta.config
      ? configOfRecord(model.meta.config)
      : (model.path === undefined ? undefined : await readConfig(model.path));
    const name = model.meta.name !== undefined && { name: model.meta.name };
    const { vocabularySize } = config ?? {};
    const about = { ...name, ...(vocabularySize !== undefined && { vocabularySize }), ...(config && { config }) };
    const question = { ...params, ...settings, bits: 32 as const, ...about };
    return {
      meta: { ...name, ...(config && { config: configRecord(config) }) },
      ...await foreseeMemory(question, tokens.meta, params.microBatchSize),
    };
  },
  async run(context) {
    const { dir, meta } = context.inputs.model;
    const config = await readConfig(dir);
    const { steps } = await runTraining(context, methodOf(context, config));
    return { name: meta.name, config: configRecord(config), steps };
  },
});

function methodOf({ inputs: { model }, params }: Context, config: LlamaConfig): Method<FullTrainer, void> {
  const tokenizer = tokenizerFiles(model.files);
  return {
    model: { ...config, name: model.meta.name, config, bits: 32 },
    tokenizerDir: model.dir,
    optimizer: { beta1: 0.9, beta2: params.beta2, epsilon: 1e-8, weightDecay: params.weightDecay },
    takesUp: "model",
    create: async (device, options) => new FullTrainer(device, await loadModel(device, model.dir), options),
    async write(trainer, dir) {
      await trainer.write(dir, DTYPES[params.dtype]);
      const record = JSON.parse(await Deno.readTextFile(join(model.dir, "config.json")));
      // transformers 5 calls it dtype, earlier ones torch_dtype.
      record["dtype" in record ? "dtype" : "torch_dtype"] = params.dtype;
      await Deno.writeTextFile(join(dir, "config.json"), `${JSON.stringify(record, null, 2)}\n`);
      for (const path of tokenizer) await Deno.copyFile(join(model.dir, path), join(dir, path));
    },
    files: ["config.json", "model.safetensors", ...tokenizer],
  };
}
