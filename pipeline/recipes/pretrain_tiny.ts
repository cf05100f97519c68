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
    microBatchSize: z.number().int().min(1).default(8).describe(
      "a micro-batch holds as many tokens as so many full rows; lower it to save memory",
    ).meta({ zh: "微批可容纳的满长行数；调低可节省显存" }),
    warmupSteps: z.number().int().min(0).default(100).describe("steps over which the learning rate rises").meta({
      zh: "学习率预热步数",
    }),
    gpuMemory: z.number().min(0).default(0).describe(
      "GB of GPU memory to use; 0: 7.4, or what a software driver has free",
    ).meta({ zh: "可用显存（GB）；0 表示 7.4，或软件驱动的空闲内存" }),
    autotune: z.boolean().default(true).describe(
      "take the default kernels instead of measuring, for about ten seconds before a long training, which are quickest",
    ).meta({ zh: "直接使用默认内核，不在长时间训练前用约十秒实测哪些最快" }),
    logSteps: z.number().int().min(1).max(200).default(10).describe("steps between two lines of the log").meta({
      zh: "日志间隔步数",
      aliases: ["logging_steps"],
    }),
    evalSteps: z.number().int().min(0).default(500).describe("steps between two validations; 0 for none").meta({
      zh: "验证间隔步数；0 表示不验证",
    }),
    saveTotalLimit: z.number().int().min(1).default(3).describe("newest checkpoints to keep, besides the best").meta({
      zh: "保留的最新检查点数（最佳的另外保留）",
    }),
    earlyStoppingPatience: z.number().int().min(0).default(0).describe(
      "end after so many validations without a lower loss, with the best weights; 0: never",
    ).meta({ zh: "连续若干次验证损失未降则提前结束，并取最佳权重；0 表示不提前结束" }),
    seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of text, weights and order").meta({
      zh: "随机种子",
    }),
  }),
  build(o) {
    const { paragraphs, validation, maxTokens, seed, batchSize } = o;
    const { vocabularySize, hiddenSize, intermediateSize, layers, heads } = o;
    const text = embeddedText({ paragraphs, validation, seed });
    const start = textModel({
      ...{ text, vocabularySize, hiddenSize, intermediateSize, layers, heads, seed },
      maxPositions: 512,
      initializerRange: 0.04,
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
      epochs: o.epochs,
      maxSteps: o.maxSteps,
      batchSize,
      microBatchSize: Math.min(batchSize, o.microBatchSize),
      learningRate: o.learningRate,
      warmupSteps: o.warmupSteps,
      seed,
      gpuMemory: o.gpuMemory,
      autotune: o.autotune,
      logSteps: o.logSteps,
      evalSteps: o.evalSteps,
      saveSteps: o.saveSteps,
      saveTotalLimit: o.saveTotalLimit,
      earlyStopping: o.earlyStoppingPatience > 0
        ? { patience: o.earlyStoppingPatience, everySteps: o.evalSteps }
        : undefined,
    });
    return { model: int8Model({ model: trained, name: "vicuna-tiny" }) };
  },
});
