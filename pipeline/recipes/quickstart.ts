import { embeddedSamples, evaluate, merge, pipeline, quantize, randomModel, tokenize, train, z } from "vicuna";

/** The whole pipeline in a few minutes on any machine: embedded rows, and a tiny LLaMA made from a seed. */
export default pipeline({
  name: "quickstart",
  description:
    "The whole pipeline on embedded rows and a tiny LLaMA made from a seed. This base is untrained: it knows " +
    "no language, so expect a falling loss, not good answers.",
  zh:
    "用自带样本和由随机种子生成的微型 LLaMA 跑完整条流水线。这个基座没有训练过，不懂任何语言：请期待损失下降，而不是好的回答。",
  options: z.object({
    validation: z.number().int().min(1).default(60).describe("rows held out for evaluation").meta({
      zh: "留作评估的行数",
      aliases: ["test_size", "val_set_size"],
    }),
    epochs: z.number().positive().default(2).describe("passes over the training rows").meta({ zh: "训练轮数" }),
    maxSteps: z.number().int().min(0).default(0).describe("optimizer steps instead of whole epochs; 0: by epochs").meta(
      { zh: "以优化步数代替轮数；0 表示按轮数" },
    ),
    batchSize: z.number().int().min(1).default(8).describe("rows of an optimizer step").meta({
      zh: "每个优化步的行数",
    }),
    learningRate: z.number().positive().default(1e-2).describe("highest learning rate").meta({ zh: "最高学习率" }),
    loraRank: z.number().int().min(1).default(8).describe("rank of the adapter").meta({
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
    const data = merge({ sources: [embeddedSamples("belle"), embeddedSamples("guanaco")], validation, seed });
    const base = quantize({ model: randomModel({ data, initializerRange: 0.08 }), bits });
    const tokens = tokenize({ data, tokenizer: base.tokenizer });
    const adapter = train({
      base,
      tokens,
      lora: {
        rank: loraRank,
        alpha: loraRank * 2,
        targets: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
      },
      epochs,
      maxSteps,
      batchSize,
      learningRate,
      warmupSteps: 10,
      autotune,
      seed,
      logSteps: 10,
      evalSteps: 100,
      saveSteps: 20,
      saveTotalLimit: 1,
    });
    return { adapter, report: evaluate({ base, adapter, tokens, samples: 5, maxNewTokens: 32 }) };
  },
});
