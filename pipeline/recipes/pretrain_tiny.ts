import { embeddedText, int8Model, packText, pipeline, textModel, tokenizerOf, trainFull, z } from "vicuna";

/** Makes the small model that comes with this project (models/vicuna-tiny) from nothing: text, tokenizer, weights. */
export default pipeline({
  name: "pretrain_tiny",
  description:
    "Makes models/vicuna-tiny from nothing: writes its text from a lexicon and rules, builds a tokenizer for it, trains all " +
    "weights of a small LLaMA on it and stores them as int8. Text, tokenizer and windows are the same everywhere, the weights " +
    "on the same device and driver.",
  zh:
    "从零制作 models/vicuna-tiny：由词表和规则写出文本，据此建立分词器，训练小型 LLaMA 的全部权重，并存为 int8。文本、分词器和训练窗口处处相同，" +
    "权重在相同设备和驱动上相同。",
  options: z.object({
    paragraphs: z.number().int().min(1000).default(130_000).describe("paragraphs of text to train on").meta({
      zh: "训练文本的段数",
    }),
    validation: z.number().int().min(0).default(1000).describe("paragraphs held out for validation").meta({
      zh: "留作验证的段数",
    }),
    vocabularySize: z.number().int().min(1000).default(4000).describe("most entries of the tokenizer").meta({
      zh: "分词器词表的上限",
    }),
    hiddenSize: z.number().int().multipleOf(4).default(128).describe("width of the model").meta({
      zh: "模型的隐藏宽度",
    }),
    intermediateSize: z.number().int().multipleOf(4).default(352).describe("width of its feed-forward layers").meta({
      zh: "前馈层的宽度",
    }),
    layers: z.number().int().min(1).default(4).describe("layers of the model").meta({ zh: "模型的层数" }),
    heads: z.number().int().min(1).default(4).describe("query heads of the model").meta({ zh: "模型的注意力头数" }),
    maxTokens: z.number().int().min(16).default(128).describe("tokens of a window").meta({ zh: "每个窗口的 token 数" }),
    epochs: z.number().positive().default(1).describe("passes over the text").meta({ zh: "训练轮数" }),
    maxSteps: z.number().int().min(0).default(0).describe("optimizer steps instead of whole epochs; 0: by epochs").meta(
      {
        zh: "以优化步数代替轮数；0 表示按轮数",
      },
    ),
    batchSize: z.number().int().min(1).default(16).describe("windows of an optimizer step").meta({
      zh: "每个优化步的窗口数",
    }),
    learningRate: z.number().positive().default(3e-3).describe("highest learning rate").meta({ zh: "最高学习率" }),
    saveSteps: z.number().int().min(1).default(250).describe(
      "steps between two checkpoints, from which the same command goes on",
    ).meta({ zh: "检查点间隔步数；中断后同一命令由此继续" }),
    seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of text, weights and order").meta({
      zh: "随机种子",
    }),
  }),
  build({ paragraphs, validation, maxTokens, seed, epochs, maxSteps, batchSize, learningRate, saveSteps, ...shape }) {
    const text = embeddedText({ paragraphs, validation, seed });
    const start = textModel({ text, ...shape, maxPositions: 512, initializerRange: 0.04, seed });
    const tokens = packText({
      text,
      tokenizer: tokenizerOf({ model: start }),
      maxTokens,
      counts: [1, 2, 1, 3, 1, 2, 1, 10],
    });
    const trained = trainFull({
      model: start,
      tokens,
      epochs,
      maxSteps,
      batchSize,
      microBatchSize: Math.min(batchSize, 8),
      learningRate,
      warmupSteps: 100,
      seed,
      logSteps: 10,
      evalSteps: 500,
      saveSteps,
    });
    return { model: int8Model({ model: trained, name: "vicuna-tiny" }) };
  },
});
