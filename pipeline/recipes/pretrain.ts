import {
  embeddedSamples,
  merge,
  modelNamed,
  parseColumns,
  parseTemplateKwargs,
  pipeline,
  randomModel,
  rows,
  TEMPLATE_NAMES,
  tokenize,
  tokenizerOf,
  trainFull,
  z,
} from "vicuna";

/** All weights of a small LLaMA (method "full"), from random ones or those of a folder: gives a model, not an adapter. */
export default pipeline({
  name: "pretrain",
  description:
    "Trains all weights of a small LLaMA in float32, from random ones or from those of a folder. Its result is a model " +
    "folder, not an adapter.",
  zh: "以 float32 训练小型 LLaMA 的全部权重，从随机权重或已有模型开始。结果是模型文件夹，而不是适配器。",
  options: z.object({
    init: z.string().default("random").describe(
      "`random`, or the model to begin with: a folder, or owner/name on the hub",
    ).meta({
      zh: "`random`（随机权重），或作为起点的模型：文件夹，或 Hugging Face 上的 owner/name",
      aliases: ["base_model", "model_path"],
    }),
    data: z.array(z.string()).default([]).describe("rows: [FORMAT:]PATH[*WEIGHT]; the embedded ones if none")
      .meta({
        zh: "训练数据：[格式:]路径[*权重]；缺省为自带样本",
        aliases: ["data_path"],
      }),
    columns: z.array(z.string()).default([]).describe(
      "columns of other names, as FIELD=COLUMN: instruction=prompt,output=response",
    ).meta({ zh: "列名不同时写 字段=列名，如 instruction=prompt,output=response" }),
    validation: z.number().int().min(0).default(60).describe("rows held out for validation").meta({
      zh: "留作验证的行数",
      aliases: ["test_size", "val_set_size"],
    }),
    vocabularySize: z.number().int().min(300).default(1000).describe("entries of a random model's tokenizer").meta({
      zh: "随机模型的词表大小",
    }),
    hiddenSize: z.number().int().multipleOf(4).default(128).describe("width of a random model").meta({
      zh: "随机模型的隐藏宽度",
    }),
    layers: z.number().int().min(1).default(4).describe("layers of a random model").meta({ zh: "随机模型的层数" }),
    heads: z.number().int().min(1).default(4).describe("query heads of a random model").meta({
      zh: "随机模型的注意力头数",
    }),
    maxTokens: z.number().int().min(8).default(256).describe("most tokens of a row").meta({
      zh: "每行最多的 token 数",
      aliases: ["cutoff_len"],
    }),
    chatTemplateKwargs: z.string().default("").describe(
      `variables of the tokenizer's chat template as JSON: '{"enable_thinking": false}'`,
    ).meta({ zh: `分词器对话模板的变量（JSON），如 '{"enable_thinking": false}'`, aliases: ["chat_template_kwargs"] }),
    templateDate: z.string().regex(/^\d{4}-\d\d-\d\d$/, "wanted YYYY-MM-DD").optional().describe(
      "the day that a chat template which asks for it is told, YYYY-MM-DD; 2025-01-01 by default",
    ).meta({ zh: "告诉对话模板的日期（YYYY-MM-DD）；默认 2025-01-01" }),
    template: z.enum(TEMPLATE_NAMES).default("alpaca").describe("prompt template").meta({
      zh: "提示模板",
      aliases: ["prompt_template_name"],
    }),
    trainOnInputs: z.boolean().default(true).describe("learn the answer alone, not the prompt").meta({
      zh: "只学习回答，不学习指令",
    }),
    epochs: z.number().positive().default(2).describe("passes over the training rows").meta({
      zh: "训练轮数",
      aliases: ["num_epochs"],
    }),
    maxSteps: z.number().int().min(0).default(0).describe("optimizer steps instead of whole epochs; 0: by epochs").meta(
      { zh: "以优化步数代替轮数；0 表示按轮数" },
    ),
    batchSize: z.number().int().min(1).default(8).describe("rows of an optimizer step").meta({
      zh: "每个优化步的行数",
    }),
    learningRate: z.number().positive().default(1e-3).describe("highest learning rate").meta({ zh: "最高学习率" }),
    schedule: z.enum(["cosine", "linear"]).default("cosine").describe("how the learning rate falls").meta({
      zh: "学习率下降方式",
    }),
    warmupSteps: z.number().int().min(0).default(10).describe("steps over which the learning rate rises").meta({
      zh: "学习率预热步数",
    }),
    weightDecay: z.number().min(0).default(0.1).describe("AdamW's weight decay, for matrices only").meta({
      zh: "AdamW 的权重衰减（仅用于矩阵）",
    }),
    dtype: z.enum(["float32", "float16", "bfloat16"]).default("float32").describe("element type of the written weights")
      .meta({ zh: "写出权重的元素类型" }),
    gpuMemory: z.number().min(0).default(0).describe(
      "GB of GPU memory to use; 0: what the card is found to have, or a software driver has free",
    ).meta({ zh: "可用显存（GB）；0 表示按显卡的实际显存，或软件驱动的空闲内存" }),
    evalSteps: z.number().int().min(0).default(50).describe("steps between two validations; 0 for none").meta({
      zh: "验证间隔步数；0 表示不验证",
    }),
    saveSteps: z.number().int().min(1).default(200).describe(
      "steps between two checkpoints, from which the same command goes on",
    ).meta({ zh: "检查点间隔步数；中断后同一命令由此继续" }),
    microBatchSize: z.number().int().min(1).default(4).describe(
      "a micro-batch holds as many tokens as so many full rows; lower it to save memory",
    ).meta({ zh: "微批可容纳的满长行数；调低可节省显存" }),
    autotune: z.boolean().default(true).describe(
      "take the default kernels instead of measuring, for about ten seconds before a long training, which are quickest",
    ).meta({ zh: "直接使用默认内核，不在长时间训练前用约十秒实测哪些最快" }),
    logSteps: z.number().int().min(1).max(200).default(10).describe("steps between two lines of the log").meta({
      zh: "日志间隔步数",
      aliases: ["logging_steps"],
    }),
    saveTotalLimit: z.number().int().min(1).default(3).describe("newest checkpoints to keep, besides the best").meta({
      zh: "保留的最新检查点数（最佳的另外保留）",
    }),
    sampleSteps: z.number().int().min(0).default(0).describe(
      "steps between two answers to held-out instructions while training; 0 for none",
    ).meta({ zh: "训练中试答留出指令的间隔步数；0 表示不试答" }),
    earlyStoppingPatience: z.number().int().min(0).default(0).describe(
      "end after so many validations without a lower loss, with the best weights; 0: never",
    ).meta({ zh: "连续若干次验证损失未降则提前结束，并取最佳权重；0 表示不提前结束" }),
    seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of the weights, the split and the order")
      .meta({ zh: "随机种子" }),
  }),
  build({ init, vocabularySize, hiddenSize, layers, heads, ...o }) {
    const sources = o.data.length
      ? o.data.map((spec) => rows(spec, { columns: parseColumns(o.columns) }))
      : [embeddedSamples({ form: "belle" }), embeddedSamples({ form: "guanaco" })];
    const data = merge({ sources, validation: o.validation, seed: o.seed });
    const model = init !== "random" ? modelNamed(init) : randomModel({
      data,
      seed: o.seed,
      vocabularySize,
      hiddenSize,
      // 8/3 of the width keeps a gated layer as large as the usual one of four times the width.
      intermediateSize: Math.ceil(hiddenSize / 3) * 8,
      layers,
      heads,
      maxPositions: Math.max(512, o.maxTokens),
    });
    const { maxTokens, template, trainOnInputs } = o;
    const tokens = tokenize({
      ...{ data, tokenizer: tokenizerOf({ model }), maxTokens, template, trainOnInputs },
      chatTemplateKwargs: parseTemplateKwargs(o.chatTemplateKwargs),
      templateDate: o.templateDate,
    });
    return {
      model: trainFull({
        model,
        tokens,
        epochs: o.epochs,
        maxSteps: o.maxSteps,
        batchSize: o.batchSize,
        learningRate: o.learningRate,
        schedule: o.schedule,
        warmupSteps: o.warmupSteps,
        weightDecay: o.weightDecay,
        dtype: o.dtype,
        seed: o.seed,
        gpuMemory: o.gpuMemory,
        autotune: o.autotune,
        microBatchSize: o.microBatchSize,
        logSteps: o.logSteps,
        evalSteps: o.evalSteps,
        saveSteps: o.saveSteps,
        saveTotalLimit: o.saveTotalLimit,
        sampleSteps: o.sampleSteps,
        earlyStopping: o.earlyStoppingPatience > 0
          ? { patience: o.earlyStoppingPatience, everySteps: o.evalSteps }
          : undefined,
      }),
    };
  },
});
