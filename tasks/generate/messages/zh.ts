import type { GenerateMessages } from "./en.ts";

/** What `generate` says in Chinese. */
export const ZH: GenerateMessages = {
  options: {
    input: "指令所针对的输入文本",
    raw: '不套模板，直接续写这段文本，其中的控制 token 有效；"" 表示从头开始',
    compare: "同时给出基座的回答",
  },
  description: "用基座模型和（可选的）适配器回答一条指令，边生成边输出；给出多个适配器时，依次列出各自的回答。",
  eitherInstruction: "请给出一条指令，或用 --raw 给出文本",
};
