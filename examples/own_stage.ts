// A stage of your own between merging and tokenising: it leaves out rows whose answer matches a pattern, here web addresses.
// 在合并与分词之间插入自己的步骤：去掉回答符合某个模式（此处为网址）的行。
//
//   ./vicuna train examples/own_stage.ts
//   ./vicuna train examples/own_stage.ts --data 'data/*.jsonl' --pattern '作为一个?AI|语言模型'
import {
  dataset,
  defineStage,
  embeddedModelPath,
  merge,
  modelNamed,
  pipeline,
  quantize,
  rows,
  tokenize,
  train,
  z,
} from "vicuna";

/**
 * Its result is cached under a key of this file's content, of `pattern` and of the rows: edit any, and it runs again. A file
 * that it imports counts as well, so a large stage is better kept in a file of its own.
 */
export const leaveOut = defineStage({
  name: "leave_out",
  module: import.meta.url,
  inputs: { data: dataset },
  params: z.object({ pattern: z.string().describe("a regular expression: answers that it matches are left out") }),
  output: dataset,
  async run({ inputs: { data }, params, output, log }) {
    const pattern = new RegExp(params.pattern, "u");
    const keep = async (split: "train" | "validation") => {
      const lines = (await Deno.readTextFile(`${data.dir}/${split}.jsonl`)).split("\n").filter(Boolean);
      const kept = lines.filter((line) => !pattern.test(JSON.parse(line).output));
      await Deno.writeTextFile(`${output.dir}/${split}.jsonl`, kept.map((line) => `${line}\n`).join(""));
      log("info", `${split}: ${kept.length} of ${lines.length} rows kept`);
      return kept.length;
    };
    return { ...data.meta, train: await keep("train"), validation: await keep("validation") };
  },
});

export default pipeline({
  description: "Trains an adapter on rows of which a stage of this file leaves some out.",
  translations: { zh: { description: "先用本文件中的步骤筛选数据，再训练适配器。" } },
  options: z.object({
    baseModel: z.string().default(embeddedModelPath).describe("folder of the base model, or owner/name on the hub"),
    data: z.string().default(`${import.meta.dirname}/data/instructions.jsonl`).describe("rows: [FORMAT:]PATH"),
    pattern: z.string().default("https?://|www\\.").describe("answers that this matches are left out"),
    validation: z.number().int().min(0).default(4).describe("rows held out"),
    maxTokens: z.number().int().min(8).default(128).describe("most tokens of a row"),
    epochs: z.number().positive().default(10).describe("passes over the rows"),
  }),
  build({ baseModel, data, pattern, validation, maxTokens, epochs }) {
    const base = quantize({ model: modelNamed(baseModel), bits: 8 });
    const kept = leaveOut({ data: merge({ sources: [rows(data)], validation }), pattern });
    const tokens = tokenize({ data: kept, tokenizer: base.tokenizer, maxTokens });
    // What is returned goes to the output folder: here the rows beside the adapter.
    return { rows: kept, adapter: train({ base, tokens, epochs, batchSize: 4, learningRate: 2e-3, warmupSteps: 2 }) };
  },
});
