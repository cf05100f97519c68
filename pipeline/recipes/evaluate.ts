import {
  adapterFolder,
  type AnyRef,
  choiceOptions,
  embeddedModelPath,
  evaluate,
  evaluateOptions,
  inputOptions,
  judge,
  judgeOptions,
  judgePromptFile,
  merge,
  mergeOptions,
  modelNamed,
  parseColumns,
  parseTemplateKwargs,
  pickOptions,
  pipeline,
  PipelineError,
  quantize,
  quantizeOptions,
  rows,
  taskNamed,
  templateOptions,
  tokenize,
  tokenizeOptions,
  trainOptions,
  z,
} from "vicuna";
import { translationsOf } from "./messages/messages.ts";

/** Measures a base model, and compares an adapter with it, on tasks and on held-out rows. */
export default pipeline({
  name: "evaluate",
  description:
    "Measures a base model, and compares an adapter with it: tasks (right answers, C-Eval, CMMLU, BELLE) and the loss of " +
    "held-out rows. Gives a report with standard errors and plots.",
  translations: translationsOf("evaluate"),
  options: z.object({
    baseModel: inputOptions.baseModel.optional().describe(
      "folder of the base model, or owner/name on the Hugging Face hub; by default the one that comes with the project",
    ),
    loraPath: inputOptions.loraPath.optional().describe("folder of the adapter to compare with the base"),
    tasks: inputOptions.tasks.describe(
      "tasks: answers:FILE ({instruction, input, answer or pattern, kind}), ceval:FOLDER, cmmlu:FOLDER, belle:FILE",
    ).meta({
      aliases: ["task"],
    }),
    data: inputOptions.data.default([]).describe(
      "rows of a training, to measure the loss of those that it held out: [FORMAT:]PATH[*WEIGHT]",
    ),
    columns: inputOptions.columns,
    validation: mergeOptions.validation.unwrap().min(1).default(2000).describe(
      "rows held out of them, as in that training",
    ),
    seed: trainOptions.seed.describe("seed of the split, as in that training"),
    maxTokens: tokenizeOptions.maxTokens.describe("most tokens of such a row"),
    trainOnInputs: tokenizeOptions.trainOnInputs.describe("measure the loss of the prompt as well"),
    samples: evaluateOptions.samples.describe("held-out instructions that are answered"),
    ...templateOptions,
    template: templateOptions.template.describe(
      "prompt template; alpaca-legacy for adapters trained with Chinese-Vicuna",
    ),
    ...quantizeOptions,
    maxNewTokens: evaluateOptions.maxNewTokens.unwrap().optional().describe(
      "most tokens of an answer; 64, and 256 for belle, by default",
    ),
    shots: choiceOptions.shots.unwrap().optional(),
    subjects: choiceOptions.subjects,
    limit: evaluateOptions.limit,
    judge: judgeOptions.model.optional().describe(
      "model that scores the answers to belle; its key is taken from JUDGE_API_KEY",
    ),
    judgeUrl: judgeOptions.baseUrl.unwrap().optional().describe(
      "OpenAI-compatible address of the judge; OpenAI's own by default",
    ),
    judgePrompts: z.string().optional().describe("file of prompts by class, as BELLE's eval_prompt.json"),
    judgeConcurrency: judgeOptions.concurrency,
  }),
  build(o) {
    const named = {
      maxNewTokens: o.maxNewTokens,
      shots: o.shots,
      ...(o.subjects.length > 0 && { subjects: o.subjects }),
    };
    const tasks = o.tasks.map((spec) => taskNamed(spec, named));
    if (tasks.length === 0 && o.data.length === 0) {
      throw new PipelineError("evaluate: wanted --tasks or --data, found neither: there is nothing to measure", {
        kind: "options",
      });
    }
    if (o.judge !== undefined && !o.tasks.some((spec) => spec.startsWith("belle:"))) {
      throw new PipelineError("evaluate: --judge scores the answers of a task belle:FILE, and there is none", {
        kind: "options",
      });
    }
    const base = quantize({ model: modelNamed(o.baseModel ?? embeddedModelPath), bits: o.bits });
    const { template, templateDate } = o;
    const chatTemplateKwargs = parseTemplateKwargs(o.chatTemplateKwargs);
    const tokens = o.data.length === 0 ? undefined : tokenize({
      data: merge({
        sources: o.data.map((spec) => rows(spec, { columns: parseColumns(o.columns) })),
        validation: o.validation,
        seed: o.seed,
      }),
      ...{ tokenizer: base.tokenizer, template, templateDate, chatTemplateKwargs },
      ...pickOptions(tokenizeOptions, o),
    });
    const report = evaluate({
      base,
      adapter: o.loraPath === undefined ? undefined : adapterFolder(o.loraPath),
      tokens,
      tasks,
      template,
      chatTemplateKwargs,
      templateDate: o.templateDate,
      samples: o.samples,
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
