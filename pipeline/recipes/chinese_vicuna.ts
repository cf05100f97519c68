import {
  adapterFolder,
  earlyStoppingArgument,
  earlyStoppingOptions,
  evaluate,
  evaluateOptions,
  inputOptions,
  loraArgument,
  loraOptions,
  merge,
  mergeOptions,
  modelNamed,
  parseColumns,
  parseTemplateKwargs,
  pickOptions,
  pipeline,
  quantize,
  quantizeOptions,
  rows,
  taskNamed,
  templateOptions,
  tokenize,
  tokenizeOptions,
  train,
  trainOptions,
  trainSettings,
  z,
} from "vicuna";
import { translationsOf } from "./messages/messages.ts";

/** Chinese-Vicuna's recipe: an int8 base, LoRA on q and v, 256 tokens, with each of its values as the default of a flag. */
export default pipeline({
  name: "chinese_vicuna",
  description:
    "Chinese-Vicuna's recipe: BELLE and Guanaco rows, an int8 LLaMA, LoRA of rank 8 on q_proj and v_proj, 256 tokens.",
  translations: translationsOf("chinese_vicuna"),
  options: z.object({
    baseModel: inputOptions.baseModel.meta({ aliases: ["base_model", "model_path", "model_name_or_path"] }),
    data: inputOptions.data.min(1),
    columns: inputOptions.columns,
    ...mergeOptions,
    ...quantizeOptions,
    ...tokenizeOptions,
    maxTokens: tokenizeOptions.maxTokens.meta({ aliases: ["cutoff_len", "max_seq_length"] }),
    ...templateOptions,
    ...trainOptions,
    schedule: trainOptions.schedule.meta({ aliases: ["lr_scheduler_type"] }),
    seed: trainOptions.seed.describe("seed of the split, the order, the adapter and dropout"),
    ...loraOptions,
    ...trainSettings,
    ...earlyStoppingOptions,
    resumeAdapter: z.string().optional().describe("folder of a PEFT adapter to begin with").meta({
      aliases: ["resume_from_checkpoint"],
    }),
    samples: evaluateOptions.samples,
    tasks: inputOptions.tasks,
  }),
  build(o) {
    const { seed, template, templateDate, samples } = o;
    const chatTemplateKwargs = parseTemplateKwargs(o.chatTemplateKwargs);
    const data = merge({
      sources: o.data.map((spec) => rows(spec, { columns: parseColumns(o.columns) })),
      seed,
      ...pickOptions(mergeOptions, o),
    });
    const base = quantize({ model: modelNamed(o.baseModel), bits: o.bits });
    const tokens = tokenize({
      ...{ data, tokenizer: base.tokenizer, template, templateDate, chatTemplateKwargs },
      ...pickOptions(tokenizeOptions, o),
    });
    const adapter = train({
      base,
      tokens,
      lora: loraArgument(o),
      ...pickOptions(trainOptions, o),
      ...pickOptions(trainSettings, o),
      earlyStopping: earlyStoppingArgument(o),
      resumeAdapter: o.resumeAdapter === undefined ? undefined : adapterFolder(o.resumeAdapter),
    });
    const tasks = o.tasks.map((spec) => taskNamed(spec));
    // Without held-out rows there are only tasks to evaluate on.
    const heldOut = o.validation > 0 ? tokens : undefined;
    if (heldOut === undefined && tasks.length === 0) return { adapter };
    return {
      adapter,
      report: evaluate({ base, adapter, tokens: heldOut, tasks, template, templateDate, chatTemplateKwargs, samples }),
    };
  },
});
