/** What the recipes say in Chinese of themselves, and of options whose text is their own; that of the others is the stages'. */
export const ZH = {
  quickstart: {
    description:
      "用项目自带的内容跑完整条流水线：一个认识中英文单词、拼音和小数字、但不会听从指令的小模型，在这里学会听从指令。训练前后各回答 200 条留出的指令。",
    options: {
      validation: "留作计算验证损失的行数",
      seed: "划分、顺序与适配器的随机种子",
    },
  },
  chinese_vicuna: {
    description:
      "Chinese-Vicuna 的配方：BELLE 与 Guanaco 数据，int8 的 LLaMA，作用于 q_proj 和 v_proj 的秩 8 LoRA，256 个 token。",
    options: {
      seed: "划分、顺序、适配器与 dropout 的随机种子",
      resumeAdapter: "以该文件夹中的 PEFT 适配器为起点",
    },
  },
  pretrain: {
    description: "以 float32 训练小型 LLaMA 的全部权重，从随机权重或已有模型开始。结果是模型文件夹，而不是适配器。",
    options: {
      init: "`random`（随机权重），或作为起点的模型：文件夹，或 Hugging Face 上的 owner/name",
      data: "训练数据：[格式:]路径[*权重]；缺省为自带样本",
      validation: "留作验证的行数",
      trainOnInputs: "只学习回答，不学习指令",
      seed: "权重、划分与顺序的随机种子",
    },
  },
  pretrain_tiny: {
    description:
      "从零制作 models/vicuna-tiny：由词表和规则写出文本，据此建立分词器，训练小型 LLaMA 的全部权重，并存为 int8。文本、分词器和训练窗口处处相同，权重在相同设备和驱动上相同。",
    options: {
      vocabularySize: "分词器词表的上限",
      hiddenSize: "模型的隐藏宽度",
      layers: "模型的层数",
      heads: "模型的注意力头数",
      epochs: "遍历文本的轮数",
      batchSize: "每个优化步的窗口数",
      seed: "文本、权重与顺序的随机种子",
    },
  },
  evaluate: {
    description:
      "评测基座模型，并与适配器对比：任务（答案匹配、C-Eval、CMMLU、BELLE）以及留出数据上的损失。生成带标准误与图表的报告。",
    options: {
      baseModel: "基座模型文件夹，或 Hugging Face 上的 owner/name；默认为项目自带的基座",
      loraPath: "要与基座对比的适配器文件夹",
      tasks:
        "任务：answers:文件（{instruction, input, answer 或 pattern, kind}）、ceval:文件夹、cmmlu:文件夹、belle:文件",
      data: "训练数据，用于计算其中留出部分的损失：[格式:]路径[*权重]",
      validation: "其中留出的行数，与训练时一致",
      seed: "划分的随机种子，与训练时一致",
      maxTokens: "这些数据每行最多的 token 数",
      trainOnInputs: "同时计算指令部分的损失",
      samples: "作答的留出指令数",
      template: "提示模板；用 Chinese-Vicuna 训练的适配器选 alpaca-legacy",
      maxNewTokens: "回答最多的 token 数；默认 64，belle 为 256",
      judge: "为 belle 的回答打分的模型；密钥取自 JUDGE_API_KEY",
      judgeUrl: "评审模型的 OpenAI 兼容地址；默认为 OpenAI",
      judgePrompts: "各类别的评审提示文件，格式同 BELLE 的 eval_prompt.json",
    },
  },
};
