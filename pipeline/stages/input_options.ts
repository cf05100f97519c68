import { z } from "../core/mod.ts";

/** The options that name what a pipeline begins with: for {@link modelNamed}, {@link rows}, {@link adapterFolder}, {@link taskNamed}. */
export const inputOptions = {
  baseModel: z.string().describe("folder of the base model, or owner/name on the Hugging Face hub").meta({
    zh: "基座模型文件夹，或 Hugging Face 上的 owner/name",
    aliases: ["base_model", "model_path"],
  }),
  loraPath: z.string().describe("folder of the adapter").meta({ aliases: ["lora_path"] }),
  data: z.array(z.string()).describe(
    "rows: [FORMAT:]PATH[*WEIGHT]; without a format, alpaca, belle, guanaco, sharegpt, messages or chat is told from " +
      "the rows",
  ).meta({
    zh: "训练数据：[格式:]路径[*权重]；不写格式则自动识别 alpaca、belle、guanaco、sharegpt、messages、chat",
    aliases: ["data_path"],
  }),
  columns: z.array(z.string()).default([]).describe(
    "columns of other names, as FIELD=COLUMN: instruction=prompt,output=response",
  ).meta({ zh: "列名不同时写 字段=列名，如 instruction=prompt,output=response" }),
  tasks: z.array(z.string()).default([]).describe(
    "tasks to evaluate before and after: answers:FILE, ceval:FOLDER, cmmlu:FOLDER or belle:FILE",
  ).meta({ zh: "训练前后评测的任务：answers:文件、ceval:文件夹、cmmlu:文件夹 或 belle:文件" }),
};
