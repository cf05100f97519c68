import type { StageTexts } from "./option_shapes.ts";

/** What the options of stages say in Chinese. */
export const ZH: StageTexts = {
  inputs: {
    baseModel: "基座模型文件夹，或 Hugging Face 上的 owner/name",
    loraPath: "适配器文件夹",
    data: "训练数据：[格式:]路径[*权重]；不写格式则自动识别 alpaca、belle、guanaco、sharegpt、messages、chat",
    columns: "列名不同时写 字段=列名，如 instruction=prompt,output=response",
    tasks: "训练前后评测的任务：answers:文件、ceval:文件夹、cmmlu:文件夹 或 belle:文件",
  },
  merge: {
    validation: "留作评估的行数；0 表示不留",
    languages: "保留的语言（按文字判断）",
    maxCharacters: "丢弃超过此字符数的行；0 表示不限",
    reservedAnswers: "Guanaco 的保留回答（NO IDEA、FORBIDDEN、SFW）是否保留",
    nearDuplicates: "与前面的行几乎相同的行是否保留",
    literalNewlines: "写成反斜杠 n 的换行：只修复 BELLE 数据中的（belle）、全部修复（repair）或保留（keep）",
    badRows: "遇到无法读取的行：停止，或跳过并计数",
  },
  quantize: {
    bits: "基座权重位数：4、8，或 32 表示不量化",
  },
  tokenize: {
    maxTokens: "每行最多的 token 数",
    longRows: "超长的行：截断或丢弃",
    trainOn: "学习哪些部分：对话中的每个回答、最后一个回答或全部文本",
    trainOnInputs: "同时学习指令部分（Chinese-Vicuna 公布的损失即如此计算）",
  },
  template: {
    chatTemplateKwargs: "分词器对话模板的变量（JSON），如 '{\"enable_thinking\": false}'",
    templateDate: "告诉对话模板的日期（YYYY-MM-DD）；默认 2025-01-01",
    template: "提示模板",
  },
  train: {
    epochs: "训练轮数",
    maxSteps: "以优化步数代替轮数；0 表示按轮数",
    batchSize: "每个优化步的行数",
    microBatchSize: "微批可容纳的满长行数；调低可节省显存",
    learningRate: "最高学习率",
    warmupSteps: "学习率预热步数",
    schedule: "预热之后学习率的下降方式",
    minimumRatio: "余弦下降终点占最高学习率的比例",
    weightDecay: "AdamW 的权重衰减",
    maxGradientNorm: "梯度裁剪的范数上限",
    activations: "前向计算中把激活值舍入为 8 位再与 8 位基座的权重相乘：在多数显卡上更快，但精度较低",
    splitK: "将矩阵乘的求和切成若干段（split-K）：微批较小时也能占满大显卡；结果的末位会不同",
    seed: "随机种子",
  },
  settings: {
    gpuMemory: "可用显存（GB）；0 表示按显卡的实际显存，或软件驱动的空闲内存",
    autotune: "直接使用默认内核，不在长时间训练前用约十秒实测哪些最快",
    logSteps: "日志间隔步数",
    evalSteps: "验证间隔步数；0 表示不验证",
    saveSteps: "检查点间隔步数；中断后同一命令由此继续",
    saveTotalLimit: "保留的最新检查点数（最佳的另外保留）",
    sampleSteps: "训练中试答留出指令的间隔步数；0 表示不试答",
  },
  lora: {
    loraRank: "LoRA 的秩",
    loraAlpha: "LoRA 的 alpha；缩放为 alpha / 秩",
    loraDropout: "LoRA 的 dropout",
    loraTargetModules: "要适配的投影层",
    loraLayers: "只适配最高的若干层；0 表示全部",
  },
  earlyStopping: {
    earlyStoppingPatience: "连续若干次验证损失未降则提前结束，并取最佳权重；0 表示不提前结束",
  },
  trainFull: {
    schedule: "学习率下降方式",
    weightDecay: "AdamW 的权重衰减（仅用于矩阵）",
    dtype: "写出权重的元素类型",
  },
  randomModel: {
    vocabularySize: "随机模型的词表大小",
    hiddenSize: "随机模型的隐藏宽度",
    layers: "随机模型的层数",
    heads: "随机模型的注意力头数",
    intermediateSize: "前馈层的宽度",
  },
  embeddedText: {
    paragraphs: "训练文本的段数",
    validation: "留作验证的段数",
  },
  packText: {
    maxTokens: "每个窗口的 token 数",
  },
  evaluate: {
    samples: "训练前后作答的留出指令数",
    maxNewTokens: "对留出指令的回答最多的 token 数",
    limit: "每个任务（每个科目）最多的题数；0 表示全部",
  },
  choices: {
    shots: "ceval 与 cmmlu 每题之前的示例数；默认 5",
    subjects: "ceval 与 cmmlu 的科目；缺省为全部",
  },
  judge: {
    model: "评审模型在其服务器上的名称",
    baseUrl: "OpenAI 兼容接口的地址",
    concurrency: "同时向评审模型发出的请求数",
  },
  exportModel: {
    to:
      "hf：合并后的 Hugging Face 文件夹；gguf：供 llama.cpp 使用的单个文件，含分词器；gguf-lora：仅适配器，供 llama.cpp 使用；peft：仅适配器，供 PEFT 使用",
    type: "权重的元素类型（hf、gguf）",
    form: "adapter_model.safetensors，或供旧版 PEFT 使用的 adapter_model.bin（peft）",
    maxShardSize: "单个权重文件的上限（GB，hf）",
  },
};
