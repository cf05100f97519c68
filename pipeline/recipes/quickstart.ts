import {
  earlyStoppingArgument,
  earlyStoppingOptions,
  embeddedModel,
  embeddedSamples,
  embeddedTask,
  evaluate,
  LORA_TARGETS,
  loraOptions,
  merge,
  mergeOptions,
  pickOptions,
  pipeline,
  quantize,
  quantizeOptions,
  tokenize,
  tokenizeOptions,
  train,
  trainOptions,
  trainSettings,
  z,
} from "vicuna";
import { translationsOf } from "./messages/messages.ts";

/** The schedule and what holds the weights back stay as they are: this is short. */
const steps = z.object(trainOptions).omit({
  schedule: true,
  minimumRatio: true,
  weightDecay: true,
  maxGradientNorm: true,
});

/** The whole pipeline in a few minutes on any machine: the small model and the instructions that come with the project. */
export default pipeline({
  name: "quickstart",
  description:
    "The whole pipeline on what comes with the project: a small model that knows words in Chinese and English, their " +
    "pinyin and small numbers, but follows no instructions, is taught to. 200 held-out instructions are answered before " +
    "and after.",
  translations: translationsOf("quickstart"),
  options: z.object({
    validation: mergeOptions.validation.default(60).describe("rows held out for the validation loss"),
    ...quantizeOptions,
    maxTokens: tokenizeOptions.maxTokens,
    ...steps.shape,
    epochs: trainOptions.epochs.default(4),
    batchSize: trainOptions.batchSize.default(16),
    microBatchSize: trainOptions.microBatchSize.default(8),
    learningRate: trainOptions.learningRate.default(4e-3),
    warmupSteps: trainOptions.warmupSteps.default(10),
    seed: trainOptions.seed.describe("seed of the split, the order and the adapter"),
    loraRank: loraOptions.loraRank.default(16),
    ...trainSettings,
    logSteps: trainSettings.logSteps.default(10),
    evalSteps: trainSettings.evalSteps.default(100),
    saveSteps: trainSettings.saveSteps.default(50),
    saveTotalLimit: trainSettings.saveTotalLimit.default(1),
    sampleSteps: trainSettings.sampleSteps.default(100),
    ...earlyStoppingOptions,
  }),
  build(o) {
    const { validation, bits, maxTokens, loraRank, seed } = o;
    const data = merge({
      sources: [embeddedSamples({ form: "belle" }), embeddedSamples({ form: "guanaco" })],
      validation,
      seed,
    });
    const base = quantize({ model: embeddedModel(), bits });
    const tokens = tokenize({ data, tokenizer: base.tokenizer, maxTokens });
    const adapter = train({
      base,
      tokens,
      lora: { rank: loraRank, alpha: loraRank * 2, dropout: 0, targets: [...LORA_TARGETS] },
      ...pickOptions(trainOptions, o),
      ...pickOptions(trainSettings, o),
      earlyStopping: earlyStoppingArgument(o),
    });
    return {
      adapter,
      report: evaluate({
        ...{ base, adapter, tasks: [embeddedTask({})], samples: 5, maxNewTokens: 16 },
        tokens: validation > 0 ? tokens : undefined,
      }),
    };
  },
});
