import {
  embeddedModel,
  embeddedSamples,
  embeddedTask,
  evaluate,
  LORA_TARGETS,
  merge,
  pipeline,
  quantize,
  tokenize,
  train,
  z,
} from "vicuna";

/** The whole pipeline in a few minutes on any machine: the small model and the instructions that come with the project. */
export default pipeline({
  name: "quickstart",
  description:
    "The whole pipeline on what comes with the project: a small model that knows words in Chinese and English, their " +
    "pinyin and small numbers, but follows no instructions, is taught to. 200 held-out instructions are answered before " +
    "and after.",
  zh: "用项目自带的内容跑完整条流水线：一个认识中英文单词、拼音和小数字、但不会听从指令的小模型，在这里学会听从指令。" +
    "训练前后各回答 200 条留出的指令。",
  options: z.object({
    validation: z.number().int().min(0).default(60).describe("rows held out for the validation loss").meta({
      zh: "留作计算验证损失的行数",
      aliases: ["test_size", "val_set_size"],
    }),
    epochs: z.number().positive().default(4).describe("passes over the training rows").meta({
      zh: "训练轮数",
      aliases: ["num_epochs", "num_train_epochs"],
    }),
    maxSteps: z.number().int().min(0).default(0).describe("optimizer steps instead of whole epochs; 0: by epochs").meta(
      { zh: "以优化步数代替轮数；0 表示按轮数" },
    ),
    batchSize: z.number().int().min(1).default(16).describe("rows of an optimizer step").meta({
      zh: "每个优化步的行数",
    }),
    learningRate: z.number().positive().default(4e-3).describe("highest learning rate").meta({ zh: "最高学习率" }),
    loraRank: z.number().int().min(1).default(16).describe("rank of the adapter").meta({
      zh: "LoRA 的秩",
      aliases: ["lora_r"],
    }),
    bits: z.literal([4, 8, 32]).default(8).describe("bits of a base weight: 4, 8, or 32 to leave them as they are")
      .meta({
        zh: "基座权重位数：4、8，或 32 表示不量化",
      }),
    autotune: z.boolean().default(true).describe(
      "take the default kernels instead of measuring, for about ten seconds before a long training, which are quickest",
    ).meta({ zh: "直接使用默认内核，不在长时间训练前用约十秒实测哪些最快" }),
    maxTokens: z.number().int().min(8).default(256).describe("most tokens of a row").meta({
      zh: "每行最多的 token 数",
      aliases: ["cutoff_len"],
    }),
    microBatchSize: z.number().int().min(1).default(8).describe(
      "a micro-batch holds as many tokens as so many full rows; lower it to save memory",
    ).meta({ zh: "微批可容纳的满长行数；调低可节省显存" }),
    warmupSteps: z.number().int().min(0).default(10).describe("steps over which the learning rate rises").meta({
      zh: "学习率预热步数",
    }),
    gpuMemory: z.number().min(0).default(0).describe(
      "GB of GPU memory to use; 0: 7.4, or what a software driver has free",
    ).meta({ zh: "可用显存（GB）；0 表示 7.4，或软件驱动的空闲内存" }),
    logSteps: z.number().int().min(1).max(200).default(10).describe("steps between two lines of the log").meta({
      zh: "日志间隔步数",
      aliases: ["logging_steps"],
    }),
    evalSteps: z.number().int().min(0).default(100).describe("steps between two validations; 0 for none").meta({
      zh: "验证间隔步数；0 表示不验证",
    }),
    saveSteps: z.number().int().min(1).default(50).describe(
      "steps between two checkpoints, from which the same command goes on",
    ).meta({ zh: "检查点间隔步数；中断后同一命令由此继续" }),
    saveTotalLimit: z.number().int().min(1).default(1).describe("newest checkpoints to keep, besides the best").meta({
      zh: "保留的最新检查点数（最佳的另外保留）",
    }),
    sampleSteps: z.number().int().min(0).default(100).describe(
      "steps between two answers to held-out instructions while training; 0 for none",
    ).meta({ zh: "训练中试答留出指令的间隔步数；0 表示不试答" }),
    earlyStoppingPatience: z.number().int().min(0).default(0).describe(
      "end after so many validations without a lower loss, with the best weights; 0: never",
    ).meta({ zh: "连续若干次验证损失未降则提前结束，并取最佳权重；0 表示不提前结束" }),
    seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of the split, the order and the adapter")
      .meta({ zh: "随机种子" }),
  }),
  build({ validation, loraRank, bits, maxTokens, earlyStoppingPatience, seed, ...training }) {
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
      ...training,
      earlyStopping: earlyStoppingPatience > 0
        ? { patience: earlyStoppingPatience, everySteps: training.evalSteps }
        : undefined,
      seed,
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
