// A small model from nothing: a tokenizer is built for the rows, all weights begin at random and are trained.
// 从零训练一个小模型：为数据建立分词器，权重随机初始化，然后训练全部权重。
//
//   ./vicuna train examples/full_training.ts --output-path small
//   ./vicuna train examples/full_training.ts --data belle:belle.jsonl --hidden-size 256 --layers 6 --validation 500
//   ./vicuna generate --base-model small "翻译成英语：猫"
import { embeddedSamples, merge, pipeline, randomModel, rows, tokenize, tokenizerOf, trainFull, z } from "vicuna";

export default pipeline({
  description: "Trains all weights of a small model from random ones. Its result is a model folder.",
  translations: { zh: { description: "从随机权重开始训练小模型的全部权重；结果是模型文件夹。" } },
  options: z.object({
    data: z.array(z.string()).default([]).describe("rows: [FORMAT:]PATH[*WEIGHT]; those of the quickstart if none"),
    validation: z.number().int().min(0).default(60).describe("rows held out"),
    vocabularySize: z.number().int().min(300).default(1000).describe("entries of the tokenizer"),
    hiddenSize: z.number().int().multipleOf(32).default(64).describe("width of the model, in four heads"),
    layers: z.number().int().min(1).default(2).describe("layers of the model"),
    maxTokens: z.number().int().min(16).default(128).describe("most tokens of a row"),
    maxSteps: z.number().int().min(1).default(100).describe("optimizer steps"),
  }),
  build({ data, validation, vocabularySize, hiddenSize, layers, maxTokens, maxSteps }) {
    const sources = data.length > 0 ? data.map((spec) => rows(spec)) : [embeddedSamples({ form: "belle" })];
    const merged = merge({ sources, validation });
    // To go on with a model that there is, of a folder or the hub: const model = modelNamed("path or owner/name")
    const model = randomModel({
      data: merged,
      vocabularySize,
      hiddenSize,
      intermediateSize: 3 * hiddenSize,
      layers,
      heads: 4,
      maxPositions: maxTokens,
    });
    // A model that knows nothing yet learns from the questions, too.
    const tokens = tokenize({ data: merged, tokenizer: tokenizerOf({ model }), maxTokens, trainOnInputs: true });
    return { model: trainFull({ model, tokens, maxSteps, batchSize: 8, warmupSteps: 5 }) };
  },
});
