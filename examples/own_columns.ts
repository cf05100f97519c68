// Your own rows, in columns with names of your own: an adapter is trained on them and compared with its base.
// 用自己的数据（列名也是自己的）训练适配器，并与基座比较。
//
//   ./vicuna train examples/own_columns.ts
//   ./vicuna train examples/own_columns.ts --data rows.jsonl --question prompt --answer response --base-model owner/name
import { embeddedModelPath, evaluate, merge, modelNamed, pipeline, quantize, rows, tokenize, train, z } from "vicuna";

export default pipeline({
  description: "Trains an adapter on rows with columns of any name, and compares it with its base.",
  translations: { zh: { description: "用任意列名的数据训练适配器，并与基座比较。" } },
  options: z.object({
    baseModel: z.string().default(embeddedModelPath).describe("folder of the base model, or owner/name on the hub"),
    data: z.string().default(`${import.meta.dirname}/data/questions.jsonl`).describe("JSON, JSON Lines or Parquet"),
    question: z.string().default("question").describe("column of what is asked"),
    answer: z.string().default("reply").describe("column of the answer to learn"),
    validation: z.number().int().min(1).default(4).describe("rows held out"),
    maxTokens: z.number().int().min(8).default(128).describe("most tokens of a row"),
    epochs: z.number().positive().default(10).describe("passes over the rows"),
  }),
  build({ baseModel, data, question, answer, validation, maxTokens, epochs }) {
    const base = quantize({ model: modelNamed(baseModel), bits: 8 });
    // For rows of a known form, alpaca(path), belle(path), sharegpt(path), … say which; several sources make one data set.
    const merged = merge({ sources: [rows(data, { columns: { instruction: question, output: answer } })], validation });
    const tokens = tokenize({ data: merged, tokenizer: base.tokenizer, maxTokens });
    const adapter = train({
      base,
      tokens,
      lora: { rank: 8, alpha: 16, targets: ["q_proj", "k_proj", "v_proj", "o_proj"] },
      epochs,
      batchSize: 4,
      learningRate: 2e-3,
      warmupSteps: 2,
    });
    return { adapter, report: evaluate({ base, adapter, tokens, samples: 2, maxNewTokens: 16 }) };
  },
});
