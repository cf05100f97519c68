import {
  adapterFolder,
  type AnyRef,
  embeddedModelPath,
  evaluate,
  judge,
  judgePromptFile,
  merge,
  modelNamed,
  parseColumns,
  parseTemplateKwargs,
  pipeline,
  PipelineError,
  quantize,
  rows,
  taskNamed,
  TEMPLATE_NAMES,
  tokenize,
  z,
} from "vicuna";

/** Measures a base model, and compares an adapter with it, on tasks and on held-out rows. */
export default pipeline({
  name: "evaluate",
  description:
    "Measures a base model, and compares an adapter with it: tasks (right answers, C-Eval, CMMLU, BELLE) and the loss of " +
    "held-out rows. Gives a report with standard errors and plots.",
  zh:
    "评测基座模型，并与适配器对比：任务（答案匹配、C-Eval、CMMLU、BELLE）以及留出数据上的损失。生成带标准误与图表的报告。",
  options: z.object({
    baseModel: z.string().optional().describe(
      "folder of the base model, or owner/name on the Hugging Face hub; by default the one that comes with the project",
    ).meta({
      zh: "基座模型文件夹，或 Hugging Face 上的 owner/name；默认为项目自带的基座",
      aliases: ["base_model", "model_path"],
    }),
    loraPath: z.string().optional().describe("folder of the adapter to compare with the base").meta({
      zh: "要与基座对比的适配器文件夹",
      aliases: ["lora_path"],
    }),
    tasks: z.array(z.string()).default([]).describe(
      "tasks: answers:FILE ({instruction, input, answer or pattern, kind}), ceval:FOLDER, cmmlu:FOLDER, belle:FILE",
    ).meta({
      zh: "任务：answers:文件（{instruction, input, answer 或 pattern, kind}）、ceval:文件夹、cmmlu:文件夹、belle:文件",
      aliases: ["task"],
    }),
    data: z.array(z.string()).default([]).describe(
      "rows of a training, to measure the loss of those that it held out: [FORMAT:]PATH[*WEIGHT]",
    ).meta({ zh: "训练数据，用于计算其中留出部分的损失：[格式:]路径[*权重]", aliases: ["data_path"] }),
    columns: z.array(z.string()).default([]).describe(
      "columns of other names, as FIELD=COLUMN: instruction=prompt,output=response",
    ).meta({ zh: "列名不同时写 字段=列名，如 instruction=prompt,output=response" }),
    validation: z.number().int().min(1).default(2000).describe("rows held out of them, as in that training").meta({
      zh: "其中留出的行数，与训练时一致",
      aliases: ["test_size", "val_set_size"],
    }),
    seed: z.number().int().min(0).max(0x7fffffff).default(42).describe("seed of the split, as in that training").meta({
      zh: "划分的随机种子，与训练时一致",
    }),
    maxTokens: z.number().int().min(8).default(256).describe("most tokens of such a row").meta({
      zh: "这些数据每行最多的 token 数",
      aliases: ["cutoff_len"],
    }),
    trainOnInputs: z.boolean().default(false).describe("measure the loss of the prompt as well").meta({
      zh: "同时计算指令部分的损失",
    }),
    samples: z.number().int().min(0).default(5).describe("held-out instructions that are answered").meta({
      zh: "作答的留出指令数",
    }),
    chatTemplateKwargs: z.string().default("").describe(
      `variables of the tokenizer's chat template as JSON: '{"enable_thinking": false}'`,
    ).meta({ zh: `分词器对话模板的变量（JSON），如 '{"enable_thinking": false}'`, aliases: ["chat_template_kwargs"] }),
    templateDate: z.string().regex(/^\d{4}-\d\d-\d\d$/, "wanted YYYY-MM-DD").optional().describe(
      "the day that a chat template which asks for it is told, YYYY-MM-DD; 2025-01-01 by default",
    ).meta({ zh: "告诉对话模板的日期（YYYY-MM-DD）；默认 2025-01-01" }),
    template: z.enum(TEMPLATE_NAMES).default("alpaca").describe(
      "prompt template; alpaca-legacy for adapters trained with Chinese-Vicuna",
    ).meta({
      zh: "提示模板；用 Chinese-Vicuna 训练的适配器选 alpaca-legacy",
      aliases: ["prompt_template_name"],
    }),
    bits: z.literal([4, 8, 32]).default(8).describe("bits of a base weight: 4, 8, or 32 to leave them as they are")
      .meta({ zh: "基座权重位数：4、8，或 32 表示不量化" }),
    maxNewTokens: z.number().int().min(1).optional().describe(
      "most tokens of an answer; 64, and 256 for belle, by default",
    ).meta({ zh: "回答最多的 token 数；默认 64，belle 为 256" }),
    shots: z.number().int().min(0).optional().describe("examples before a question of ceval and cmmlu; 5 by default")
      .meta({ zh: "ceval 与 cmmlu 每题之前的示例数；默认 5", aliases: ["num_fewshot"] }),
    subjects: z.array(z.string()).default([]).describe("subjects of ceval and cmmlu; all if none is given").meta({
      zh: "ceval 与 cmmlu 的科目；缺省为全部",
      aliases: ["subject"],
    }),
    limit: z.number().int().min(0).default(0).describe("most items of a task, of each subject; 0 for all").meta({
      zh: "每个任务（每个科目）最多的题数；0 表示全部",
    }),
    judge: z.string().optional().describe(
      "model that scores the answers to belle; its key is taken from JUDGE_API_KEY",
    ).meta({ zh: "为 belle 的回答打分的模型；密钥取自 JUDGE_API_KEY" }),
    judgeUrl: z.string().optional().describe("OpenAI-compatible address of the judge; OpenAI's own by default").meta({
      zh: "评审模型的 OpenAI 兼容地址；默认为 OpenAI",
    }),
    judgePrompts: z.string().optional().describe("file of prompts by class, as BELLE's eval_prompt.json").meta({
      zh: "各类别的评审提示文件，格式同 BELLE 的 eval_prompt.json",
    }),
    judgeConcurrency: z.number().int().min(1).max(64).default(4).describe("requests to the judge at once").meta({
      zh: "同时向评审模型发出的请求数",
    }),
  }),
  build(o) {
    const named = {
      maxNewTokens: o.maxNewTokens,
      shots: o.shots,
      ...(o.subjects.length > 0 && { subjects: o.subjects }),
    };
    const tasks = o.tasks.map((spec) => taskNamed(spec, named));
    if (tasks.length === 0 && o.data.length === 0) {
      throw new PipelineError("evaluate: wanted --tasks or --data, found neither: there is nothing to measure");
    }
    if (o.judge !== undefined && !o.tasks.some((spec) => spec.startsWith("belle:"))) {
      throw new PipelineError("evaluate: --judge scores the answers of a task belle:FILE, and there is none");
    }
    const base = quantize({ model: modelNamed(o.baseModel ?? embeddedModelPath), bits: o.bits });
    const { template, maxTokens, trainOnInputs, samples } = o;
    const chatTemplateKwargs = parseTemplateKwargs(o.chatTemplateKwargs);
    const tokens = o.data.length === 0 ? undefined : tokenize({
      data: merge({
        sources: o.data.map((spec) => rows(spec, { columns: parseColumns(o.columns) })),
        validation: o.validation,
        seed: o.seed,
      }),
      tokenizer: base.tokenizer,
      maxTokens,
      template,
      trainOnInputs,
      chatTemplateKwargs,
      templateDate: o.templateDate,
    });
    const report = evaluate({
      base,
      adapter: o.loraPath === undefined ? undefined : adapterFolder(o.loraPath),
      tokens,
      tasks,
      template,
      chatTemplateKwargs,
      templateDate: o.templateDate,
      samples,
      limit: o.limit,
      ...(o.maxNewTokens !== undefined && { maxNewTokens: o.maxNewTokens }),
    });
    const targets: Record<string, AnyRef> = { report };
    if (o.judge !== undefined) {
      targets["judgement"] = judge({
        report,
        prompts: o.judgePrompts === undefined ? undefined : judgePromptFile(o.judgePrompts),
        model: o.judge,
        ...(o.judgeUrl !== undefined && { baseUrl: o.judgeUrl }),
        concurrency: o.judgeConcurrency,
      });
    }
    return targets;
  },
});
