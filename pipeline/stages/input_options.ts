import { z } from "../core/mod.ts";

/** The options that name what a pipeline begins with: for {@link modelNamed}, {@link rows}, {@link adapterFolder}, {@link taskNamed}. */
export const inputOptions = {
  baseModel: z.string().describe("folder of the base model, or owner/name on the Hugging Face hub").meta({
    aliases: ["base_model", "model_path"],
  }),
  loraPath: z.string().describe("folder of the adapter").meta({ aliases: ["lora_path"] }),
  data: z.array(z.string()).describe(
    "rows: [FORMAT:]PATH[*WEIGHT]; without a format, alpaca, belle, guanaco, sharegpt, messages or chat is told from " +
      "the rows",
  ).meta({
    aliases: ["data_path"],
  }),
  columns: z.array(z.string()).default([]).describe(
    "columns of other names, as FIELD=COLUMN: instruction=prompt,output=response",
  ),
  tasks: z.array(z.string()).default([]).describe(
    "tasks to evaluate before and after: answers:FILE, ceval:FOLDER, cmmlu:FOLDER or belle:FILE",
  ),
};
