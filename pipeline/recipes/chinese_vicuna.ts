import {
  adapterFolder,
  evaluate,
  LANGUAGES,
  LITERAL_NEWLINES,
  LORA_TARGETS,
  merge,
  modelNamed,
  parseColumns,
  parseTemplateKwargs,
  pipeline,
  quantize,
  rows,
  taskNamed,
  TEMPLATE_NAMES,
  tokenize,
  train,
  TRAIN_ON,
  z,
} from "vicuna";

/** Chinese-Vicuna's recipe: an int8 base, LoRA on q and v, 256 tokens, with each of its values as the default of a flag. */
export default pipeline({
  name: "chinese_vicuna",
  description:
    "Chinese-Vicuna's recipe: BELLE and Guanaco rows, an int8 LLaMA, LoRA of rank 8 on q_proj and v_proj, 256 tokens.",
  zh:
    "Chinese-Vicuna 的配方：BELLE 与 Guanaco 数据，int8 的 LLaMA，作用于 q_proj 和 v_proj 的秩 8 LoRA，256 个 token。",
  options: z.object({
    baseModel: z.string().describe("folder of the base model, or owner/name on the Hugging Face hub").meta({
      zh: "基座模型文件夹，或 Hugging Face 上的 owner/name",
      aliases: ["base_model", "model_path", "model_name_or_path"],
    }),
    data: z.array(z.string()).min(1).describe(
      "rows: [FORMAT:]PATH[*WEIGHT]; without a format, alpaca, belle, guanaco, sharegpt, messages or chat is told from " +
        "the rows",
    ).meta({
      zh: "训练数据：[格式:]路径[*权重]；不写格式则自动识别 alpaca、belle、guanaco、sharegpt、messages、chat",
      aliases: ["data_path"],
    }),
    columns: z.array(z.string()).default([]).describe(
      "columns of other names, as FIELD=COLUMN: instruction=prompt,output=response",
    ).meta({ zh: "列名不同时写 字段=列名，如 instruction=prompt,output=response" }),
    validation: z.number().int().min(0).default(2000).describe("rows held out for evaluation; 0 for none").meta({
      zh: "留作评估的行数；0 表示不留",
      aliases: ["test_size", "val_set_size"],
    }),
    languages: z.array(z.enum(LANGUAGES)).default([...LANGUAGES]).describe("languages to keep, told by script").meta({
      zh: "保留的语言（按文字判断）",
    }),
    maxCharacters: z.number().int().min(0).default(0).describe("drop rows of more characters; 0: none").meta({
      zh: "丢弃超过此字符数的行；0 表示不限",
    }),
    reservedAnswers: z.enum(["keep", "drop"]).default("keep").describe(
      "Guanaco's reserved answers: NO IDEA, FORBIDDEN, SFW",
    ).meta({ zh: "Guanaco 的保留回答（NO IDEA、FORBIDDEN、SFW）是否保留" }),
    nearDuplicates: z.enum(["keep", "drop"]).default("keep").describe("rows almost equal to an earlier one").meta({
      zh: "与前面的行几乎相同的行是否保留",
    }),
    literalNewlines: z.enum(LITERAL_NEWLINES).default("belle").describe(
      "newlines written as backslash-n: repair them in BELLE's rows, in all, or keep them",
    ).meta({ zh: "写成反斜杠 n 的换行：只修复 BELLE 数据中的（belle）、全部修复（repair）或保留（keep）" }),
    badRows: z.enum(["stop", "skip"]).default("stop").describe(
      "stop at a row that cannot be read, or skip and count it",
    )
      .meta({ zh: "遇到无法读取的行：停止，或跳过并计数" }),
    bits: z.literal([4, 8, 32]).default(8).describe("bits of a base weight: 4, 8, or 32 to leave them as they are")
      .meta({
        zh: "基座权重位数：4、8，或 32 表示不量化",
      }),
    maxTokens: z.number().int().min(8).default(256).describe("most tokens of a row").meta({
      zh: "每行最多的 token 数",
      aliases: ["cutoff_len", "max_seq_length"],
    }),
    longRows: z.enum(["cut", "drop"]).default("cut").describe("cut the end of longer rows, or drop them").meta({
      zh: "超长的行：截断或丢弃",
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
    trainOn: z.enum(TRAIN_ON).default("answers").describe(
      "what is learnt: every answer of a conversation, the last one, or all text",
    ).meta({ zh: "学习哪些部分：对话中的每个回答、最后一个回答或全部文本" }),
    trainOnInputs: z.boolean().default(false).describe(
      "learn the prompt as well, as the published losses of Chinese-Vicuna do",
    ).meta({ zh: "同时学习指令部分（Chinese-Vicuna 公布的损失即如此计算）" }),
    epochs: z.number().positive().default(3).describe("passes over the training rows").meta({
      zh: "训练轮数",
      aliases: ["num_epochs", "num_train_epochs"],
    }),
    maxSteps: z.number().int().min(0).default(0).describe("optimizer steps instead of whole epochs; 0: by epochs").meta(
      { zh: "以优化步数代替轮数；0 表示按轮数" },
    ),
    batchSize: z.number().int().min(1).default(128).describe("rows of an optimizer step").meta({
      zh: "每个优化步的行数",
    }),
    microBatchSize: z.number().int().min(1).default(4).describe(
      "a micro-batch holds as many tokens as so many full rows; lower it to save memory",
    ).meta({ zh: "微批可容纳的满长行数；调低可节省显存" }),
    learningRate: z.number().positive().default(3e-4).describe("highest learning rate").meta({ zh: "最高学习率" }),
    warmupSteps: z.number().int().min(0).default(100).describe("steps over which the learning rate rises").meta({
      zh: "学习率预热步数",
    }),
    schedule: z.enum(["linear", "cosine"]).default("linear").describe("how the learning rate falls after warm-up").meta(
      {
        zh: "预热之后学习率的下降方式",
        aliases: ["lr_scheduler_type"],
      },
    ),
    minimumRatio: z.number().min(0).max(1).default(0).describe("share of the learning rate that a cosine ends at").meta(
      {
        zh: "余弦下降终点占最高学习率的比例",
      },
    ),
    weightDecay: z.number().min(0).default(0).describe("AdamW's weight decay").meta({ zh: "AdamW 的权重衰减" }),
    maxGradientNorm: z.number().positive().default(1).describe("gradients are clipped to this norm").meta({
      zh: "梯度裁剪的范数上限",
    }),
    loraRank: z.number().int().min(1).max(256).default(8).describe("rank of the adapter").meta({
      zh: "LoRA 的秩",
      aliases: ["lora_r"],
    }),
    loraAlpha: z.number().positive().default(16).describe("scale of the adapter is alpha / rank").meta({
      zh: "LoRA 的 alpha；缩放为 alpha / 秩",
    }),
    loraDropout: z.number().min(0).lt(1).default(0.05).describe("share of the adapter's inputs dropped").meta({
      zh: "LoRA 的 dropout",
    }),
    loraTargetModules: z.array(z.enum(LORA_TARGETS)).default(["q_proj", "v_proj"]).describe("projections to adapt")
      .meta({ zh: "要适配的投影层" }),
    loraLayers: z.number().int().min(0).default(0).describe("adapt only so many layers, the highest; 0: all").meta({
      zh: "只适配最高的若干层；0 表示全部",
    }),
    gpuMemory: z.number().min(0).default(0).describe(
      "GB of GPU memory to use; 0: what the card is found to have, or a software driver has free",
    ).meta({ zh: "可用显存（GB）；0 表示按显卡的实际显存，或软件驱动的空闲内存" }),
    autotune: z.boolean().default(true).describe(
      "take the default kernels instead of measuring, for about ten seconds before a long training, which are quickest",
    ).meta({ zh: "直接使用默认内核，不在长时间训练前用约十秒实测哪些最快" }),
    logSteps: z.number().int().min(1).max(200).default(20).describe("steps between two lines of the log").meta({
      zh: "日志间隔步数",
      aliases: ["logging_steps"],
    }),
    evalSteps: z.number().int().min(0).default(200).describe("steps between two validations; 0 for none").meta({
      zh: "验证间隔步数；0 表示不验证",
    }),
    saveSteps: z.number().int().min(1).default(200).describe(
      "steps between two checkpoints, from which the same command goes on",
    ).meta({ zh: "检查点间隔步数；中断后同一命令由此继续" }),
    saveTotalLimit: z.number().int().min(1).default(3).describe("newest checkpoints to keep, besides the best").meta({
      zh: "保留的最新检查点数（最佳的另外保留）",
    }),
    sampleSteps: z.number().int().min(0).default(0).describe(
      "steps between two answers to held-out instructions while training; 0 for none",
    ).meta({ zh: "训练中试答留出指令的间隔步数；0 表示不试答" }),
    earlyStoppingPatience: z.number().int().min(0).default(0).describe(
      "end after so many validations without a lower loss, with the best weights; 0: never",
    ).meta({ zh: "连续若干次验证损失未降则提前结束，并取最佳权重；0 表示不提前结束" }),
    resumeAdapter: z.string().optional().describe("folder of a PEFT adapter to begin with").meta({
      zh: "以该文件夹中的 PEFT 适配器为起点",
      aliases: ["resume_from_checkpoint"],
    }),
    samples: z.number().int().min(0).default(5).describe("held-out instructions answered before and after").meta({
      zh: "训练前后作答的留出指令数",
    }),
    tasks: z.array(z.string()).default([]).describe(
      "tasks to evaluate before and after: answers:FILE, ceval:FOLDER, cmmlu:FOLDER or belle:FILE",
    ).meta({ zh: "训练前后评测的任务：answers:文件、ceval:文件夹、cmmlu:文件夹 或 belle:文件" }),
    seed: z.number().int().min(0).max(0x7fffffff).default(42).describe(
      "seed of the split, the order, the adapter and dropout",
    ).meta({ zh: "随机种子" }),
  }),
  build(o) {
    const data = merge({
      sources: o.data.map((spec) => rows(spec, { columns: parseColumns(o.columns) })),
      validation: o.validation,
      seed: o.seed,
      languages: o.languages,
      maxCharacters: o.maxCharacters,
      reservedAnswers: o.reservedAnswers,
      nearDuplicates: o.nearDuplicates,
      literalNewlines: o.literalNewlines,
      badRows: o.badRows,
    });
    const base = quantize({ model: modelNamed(o.baseModel), bits: o.bits });
    const tokens = tokenize({
      data,
      tokenizer: base.tokenizer,
      maxTokens: o.maxTokens,
      longRows: o.longRows,
      template: o.template,
      trainOn: o.trainOn,
      trainOnInputs: o.trainOnInputs,
      chatTemplateKwargs: parseTemplateKwargs(o.chatTemplateKwargs),
      templateDate: o.templateDate,
    });
    const adapter = train({
      base,
      tokens,
      lora: {
        rank: o.loraRank,
        alpha: o.loraAlpha,
        dropout: o.loraDropout,
        targets: o.loraTargetModules,
        layers: o.loraLayers,
      },
      epochs: o.epochs,
      maxSteps: o.maxSteps,
      batchSize: o.batchSize,
      microBatchSize: o.microBatchSize,
      learningRate: o.learningRate,
      warmupSteps: o.warmupSteps,
      schedule: o.schedule,
      minimumRatio: o.minimumRatio,
      weightDecay: o.weightDecay,
      maxGradientNorm: o.maxGradientNorm,
      seed: o.seed,
      gpuMemory: o.gpuMemory,
      autotune: o.autotune,
      logSteps: o.logSteps,
      evalSteps: o.evalSteps,
      saveSteps: o.saveSteps,
      saveTotalLimit: o.saveTotalLimit,
      sampleSteps: o.sampleSteps,
      earlyStopping: o.earlyStoppingPatience > 0
        ? { patience: o.earlyStoppingPatience, everySteps: o.evalSteps }
        : undefined,
      resumeAdapter: o.resumeAdapter === undefined ? undefined : adapterFolder(o.resumeAdapter),
    });
    const tasks = o.tasks.map((spec) => taskNamed(spec));
    // Without held-out rows there are only tasks to evaluate on.
    const heldOut = o.validation > 0 ? tokens : undefined;
    if (heldOut === undefined && tasks.length === 0) return { adapter };
    const { template, samples } = o;
    return {
      adapter,
      report: evaluate({
        ...{ base, adapter, tokens: heldOut, tasks, template, samples, templateDate: o.templateDate },
        chatTemplateKwargs: parseTemplateKwargs(o.chatTemplateKwargs),
      }),
    };
  },
});
