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
    validation: z.number().int().min(1).default(60).describe("rows held out for the validation loss").meta({
      zh: "留作计算验证损失的行数",
      aliases: ["test_size", "val_set_size"],
    }),
    epochs: z.number().positive().default(4).describe("passes over the training rows").meta({ zh: "训练轮数" }),
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
    autotune: z.boolean().default(true).describe("measure which kernels are quickest before a long training").meta({
      zh: "长时间训练前实测最快的内核",
    }),
    seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of the split, the order and the adapter")
      .meta({ zh: "随机种子" }),
  }),
  build({ autotune, validation, epochs, maxSteps, batchSize, learningRate, loraRank, bits, seed }) {
    const data = merge({
      sources: [embeddedSamples({ form: "belle" }), embeddedSamples({ form: "guanaco" })],
      validation,
      seed,
    });
    const base = quantize({ model: embeddedModel(), bits });
    const tokens = tokenize({ data, tokenizer: base.tokenizer });
    const adapter = train({
      base,
      tokens,
      lora: { rank: loraRank, alpha: loraRank * 2, dropout: 0, targets: [...LORA_TARGETS] },
      epochs,
      maxSteps,
      batchSize,
      microBatchSize: 8,
      learningRate,
      warmupSteps: 10,
      autotune,
      seed,
      logSteps: 10,
      evalSteps: 100,
      sampleSteps: 100,
      saveSteps: 50,
      saveTotalLimit: 1,
    });
    return {
      adapter,
      report: evaluate({ base, adapter, tokens, tasks: [embeddedTask({})], samples: 5, maxNewTokens: 16 }),
    };
  },
});
