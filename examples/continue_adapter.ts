// Goes on with an adapter that there is, PEFT's or one of ours, on other rows and at a lower learning rate.
// 在已有的适配器（PEFT 的或本项目的）上继续训练：换一批数据，降低学习率。
//
//   ./vicuna train && ./vicuna train examples/continue_adapter.ts --lora-path vicuna-output/quickstart
//   ./vicuna train examples/continue_adapter.ts --lora-path adapter --data more.jsonl --base-model owner/name
import {
  adapterFolder,
  embeddedModelPath,
  evaluate,
  LORA_TARGETS,
  merge,
  modelNamed,
  pipeline,
  quantize,
  rows,
  tokenize,
  train,
  z,
} from "vicuna";

/** What must be as in the adapter that training goes on with, by the names of PEFT's adapter_config.json. */
const shape = z.object({
  r: z.number(),
  lora_alpha: z.number(),
  target_modules: z.array(z.enum(LORA_TARGETS)),
});

export default pipeline({
  description: "Goes on with the training of an adapter, on other rows.",
  translations: { zh: { description: "在另一批数据上继续训练已有的适配器。" } },
  options: z.object({
    baseModel: z.string().default(embeddedModelPath).describe("the base that the adapter was trained on"),
    loraPath: z.string().describe("folder of the adapter to go on with"),
    data: z.string().default(`${import.meta.dirname}/data/instructions.jsonl`).describe("rows: [FORMAT:]PATH"),
    validation: z.number().int().min(1).default(4).describe("rows held out"),
    maxTokens: z.number().int().min(8).default(128).describe("most tokens of a row"),
    epochs: z.number().positive().default(2).describe("passes over the rows"),
    learningRate: z.number().positive().default(1e-4).describe("highest learning rate"),
  }),
  async build({ baseModel, loraPath, data, validation, maxTokens, epochs, learningRate }) {
    const { r, lora_alpha, target_modules } = shape.parse(
      JSON.parse(await Deno.readTextFile(`${loraPath}/adapter_config.json`)),
    );
    const base = quantize({ model: modelNamed(baseModel), bits: 8 });
    const tokens = tokenize({
      data: merge({ sources: [rows(data)], validation }),
      tokenizer: base.tokenizer,
      maxTokens,
    });
    const adapter = train({
      base,
      tokens,
      resumeAdapter: adapterFolder(loraPath),
      lora: { rank: r, alpha: lora_alpha, targets: target_modules },
      epochs,
      batchSize: 4,
      learningRate,
      warmupSteps: 0,
    });
    return { adapter, report: evaluate({ base, adapter, tokens, samples: 2, maxNewTokens: 16 }) };
  },
});
