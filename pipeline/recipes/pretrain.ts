import {
  earlyStoppingArgument,
  earlyStoppingOptions,
  embeddedSamples,
  inputOptions,
  merge,
  mergeOptions,
  modelNamed,
  parseColumns,
  parseTemplateKwargs,
  pickOptions,
  pipeline,
  randomModel,
  randomModelOptions,
  rows,
  templateOptions,
  tokenize,
  tokenizeOptions,
  tokenizerOf,
  trainFull,
  trainFullOptions,
  trainSettings,
  z,
} from "vicuna";
import { translationsOf } from "./messages/messages.ts";

const size = z.object(randomModelOptions).omit({ intermediateSize: true });
const steps = z.object(trainFullOptions).omit({ minimumRatio: true, maxGradientNorm: true });

/** All weights of a small LLaMA (method "full"), from random ones or those of a folder: gives a model, not an adapter. */
export default pipeline({
  name: "pretrain",
  description:
    "Trains all weights of a small LLaMA in float32, from random ones or from those of a folder. Its result is a model " +
    "folder, not an adapter.",
  translations: translationsOf("pretrain"),
  options: z.object({
    init: z.string().default("random").describe(
      "`random`, or the model to begin with: a folder, or owner/name on the hub",
    ).meta({
      aliases: ["base_model", "model_path"],
    }),
    data: inputOptions.data.default([]).describe("rows: [FORMAT:]PATH[*WEIGHT]; the embedded ones if none"),
    columns: inputOptions.columns,
    validation: mergeOptions.validation.default(60).describe("rows held out for validation"),
    ...size.shape,
    maxTokens: tokenizeOptions.maxTokens,
    ...templateOptions,
    trainOnInputs: tokenizeOptions.trainOnInputs.default(true).describe("learn the answer alone, not the prompt"),
    ...steps.shape,
    epochs: trainFullOptions.epochs.default(2).meta({ aliases: ["num_epochs"] }),
    batchSize: trainFullOptions.batchSize.default(8),
    warmupSteps: trainFullOptions.warmupSteps.default(10),
    seed: trainFullOptions.seed.describe("seed of the weights, the split and the order"),
    ...trainSettings,
    logSteps: trainSettings.logSteps.default(10),
    evalSteps: trainSettings.evalSteps.default(50),
    ...earlyStoppingOptions,
  }),
  build({ init, hiddenSize, seed, ...o }) {
    const sources = o.data.length
      ? o.data.map((spec) => rows(spec, { columns: parseColumns(o.columns) }))
      : [embeddedSamples({ form: "belle" }), embeddedSamples({ form: "guanaco" })];
    const data = merge({ sources, validation: o.validation, seed });
    const model = init !== "random" ? modelNamed(init) : randomModel({
      ...{ data, seed, hiddenSize },
      ...pickOptions(randomModelOptions, o),
      // 8/3 of the width keeps a gated layer as large as the usual one of four times the width.
      intermediateSize: Math.ceil(hiddenSize / 3) * 8,
      maxPositions: Math.max(512, o.maxTokens),
    });
    const tokens = tokenize({
      ...{ data, tokenizer: tokenizerOf({ model }), template: o.template, templateDate: o.templateDate },
      ...pickOptions(tokenizeOptions, o),
      chatTemplateKwargs: parseTemplateKwargs(o.chatTemplateKwargs),
    });
    return {
      model: trainFull({
        ...{ model, tokens, seed },
        ...pickOptions(trainFullOptions, o),
        ...pickOptions(trainSettings, o),
        earlyStopping: earlyStoppingArgument(o),
      }),
    };
  },
});
