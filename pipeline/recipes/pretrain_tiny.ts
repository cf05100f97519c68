import {
  earlyStoppingArgument,
  earlyStoppingOptions,
  embeddedText,
  embeddedTextOptions,
  int8Model,
  packText,
  packTextOptions,
  pickOptions,
  pipeline,
  randomModelOptions,
  textModel,
  tokenizerOf,
  trainFull,
  trainFullOptions,
  trainSettings,
  z,
} from "vicuna";
import { translationsOf } from "./messages/messages.ts";

/** The schedule and what holds the weights back stay as they are; plain text has no instructions to answer. */
const steps = z.object(trainFullOptions).omit({
  ...{ schedule: true, minimumRatio: true, weightDecay: true, maxGradientNorm: true, dtype: true },
});
const settings = z.object(trainSettings).omit({ sampleSteps: true });

/** Makes the small model that comes with this project (models/vicuna-tiny) from nothing: text, tokenizer, weights. */
export default pipeline({
  name: "pretrain_tiny",
  description:
    "Makes models/vicuna-tiny from nothing: writes its text from a lexicon and rules, builds a tokenizer for it, trains all " +
    "weights of a small LLaMA on it and stores them as int8. Text, tokenizer and windows are the same everywhere, the weights " +
    "on the same device and driver.",
  translations: translationsOf("pretrain_tiny"),
  options: z.object({
    ...embeddedTextOptions,
    paragraphs: embeddedTextOptions.paragraphs.unwrap().min(1000).default(130_000),
    vocabularySize: randomModelOptions.vocabularySize.unwrap().min(1000).default(4000).describe(
      "most entries of the tokenizer",
    ),
    hiddenSize: randomModelOptions.hiddenSize.describe("width of the model"),
    intermediateSize: randomModelOptions.intermediateSize.default(352),
    layers: randomModelOptions.layers.describe("layers of the model"),
    heads: randomModelOptions.heads.describe("query heads of the model"),
    maxTokens: packTextOptions.maxTokens.unwrap().min(16).default(128),
    ...steps.shape,
    epochs: trainFullOptions.epochs.default(1).describe("passes over the text").meta({ aliases: [] }),
    batchSize: trainFullOptions.batchSize.default(16).describe("windows of an optimizer step"),
    microBatchSize: trainFullOptions.microBatchSize.default(8),
    learningRate: trainFullOptions.learningRate.default(3e-3),
    seed: trainFullOptions.seed.describe("seed of text, weights and order"),
    ...settings.shape,
    logSteps: trainSettings.logSteps.default(10),
    evalSteps: trainSettings.evalSteps.default(500),
    saveSteps: trainSettings.saveSteps.default(250),
    ...earlyStoppingOptions,
  }),
  build(o) {
    const { maxTokens, batchSize, seed } = o;
    const text = embeddedText({ ...pickOptions(embeddedTextOptions, o), seed });
    const start = textModel({
      ...{ text, seed, maxPositions: 512, initializerRange: 0.04 },
      ...pickOptions(randomModelOptions, o),
    });
    const tokens = packText({
      text,
      tokenizer: tokenizerOf({ model: start }),
      maxTokens,
      counts: [1, 2, 1, 3, 1, 2, 1, 10],
    });
    const trained = trainFull({
      model: start,
      tokens,
      ...pickOptions(trainFullOptions, o),
      ...pickOptions(trainSettings, o),
      microBatchSize: Math.min(batchSize, o.microBatchSize),
      earlyStopping: earlyStoppingArgument(o),
    });
    return { model: int8Model({ model: trained, name: "vicuna-tiny" }) };
  },
});
