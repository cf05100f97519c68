import type { GenerationMessages } from "./en.ts";

/** What a task that talks to a model says in Chinese. */
export const ZH: GenerationMessages = {
  modelOptions: {
    baseModel: "基座模型文件夹，或 Hugging Face 上的 owner/name；省略则为 quickstart 的基座",
    loraPath: "PEFT 适配器文件夹，或 名称=文件夹；默认以文件夹名为名称",
    bits: "基座权重位数",
    contextLength: "提示与回答合计最多的 token 数",
    template: "对话的写法；默认用分词器自带的对话模板，没有则用 alpaca",
    chatTemplateKwargs: `对话模板的变量（JSON），如 '{"enable_thinking": false}'`,
    templateDate: "告诉对话模板的日期（YYYY-MM-DD）；默认为今天",
    cacheDir: "缓存文件夹，量化后的基座存于此",
  },
  generationOptions: {
    maxNewTokens: "回答最多的 token 数",
    minNewTokens: "回答最少的 token 数",
    sample: "随机采样；温度大于 0 时也会启用",
    temperature: "越高越多样；0 表示每次取最可能的 token（默认：有 --sample 时为 1，否则为 0）",
    topP: "只在累计概率达到该值的 token 中采样",
    topK: "只在最可能的若干 token 中采样；0 表示全部",
    minP: "只在概率不低于最可能 token 的该比例的 token 中采样；0 表示全部",
    beams: "束搜索的束数；1 表示不用",
    repetitionPenalty: "大于 1 时降低提示与回答中已出现 token 的概率",
    stop: "出现即结束回答的文本；可给出多次",
    seed: "采样的随机种子",
  },
  nameTaken: (path, name) => `--lora-path ${path}：名称 ${name} 已被占用，请写作 名称=${path}`,
  publishers: (shown) => `模型自带的生成设置（generation_config.json）：${shown}；命令行选项优先`,
  ineffective: (flags) => `${flags.join("、")} 只在采样时起作用：请加 --sample 或大于 0 的 --temperature`,
};
