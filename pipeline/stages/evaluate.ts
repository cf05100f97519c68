import { join } from "@std/path";
import { TEMPLATE_DAY } from "../../datasets/templates/strftime.ts";
import { templateFor, type TemplateOptions } from "../../datasets/templates/templates.ts";
import type { Device } from "../../kernels/gpu/device.ts";
import type { BaseWeights } from "../../models/base_weights.ts";
import { readAdapter } from "../../models/formats/adapter/adapter.ts";
import { configOfRecord } from "../../models/formats/config_record.ts";
import { sequenceLimit } from "../../models/sequence_limit.ts";
import { loadTokenizer, type Tokenizer } from "../../models/tokenizer/tokenizer.ts";
import {
  defineStage,
  optional,
  type OptionalInput,
  optionalList,
  type OptionalListInput,
  PipelineError,
  type Stage,
  type StageContext,
  z,
} from "../core/mod.ts";
import { keepIn } from "./evaluation/keep.ts";
import { type LossResults, lossResults, scoreRows } from "./evaluation/losses.ts";
import { type PreparedSamples, prepareSamples, prepareTasks } from "./evaluation/prepare.ts";
import type { PreparedTask, TaskOutcome, TaskRun } from "./evaluation/prepared_task.ts";
import { type EvaluationResults, shownValue } from "./evaluation/report.ts";
import { metaOf, writeEvaluation } from "./evaluation/write.ts";
import { adapter, base, evaluationTask, report, tokens } from "./kinds.ts";
import { loadBaseInput } from "./load_base_input.ts";
import { checkTokens } from "./tokens/check_tokens.ts";
import { chooseStageDevice, deviceSettings, openStageDevice } from "./stage_device.ts";
import { templateParams } from "./tokens/template_options.ts";
import { textGenerator } from "./tokens/text_ends.ts";

/** How much an evaluation asks, besides {@link templateOptions}. */
export const evaluateOptions = {
  samples: z.number().int().min(0).default(5).describe("held-out instructions answered before and after"),
  maxNewTokens: z.number().int().min(1).default(64).describe("most tokens of an answer to a held-out instruction"),
  limit: z.number().int().min(0).default(0).describe("most items of a task, of each subject; 0 for all"),
};

const params = z.object({ ...evaluateOptions, ...templateParams });

const settings = z.object(deviceSettings);

/** Params and settings of {@link evaluate}. What is left out of the template is as the tokens have it. */
export type EvaluateParams = z.input<typeof params> & z.input<typeof settings>;

/** Inputs of {@link evaluate}. */
export interface EvaluateInputs {
  /** The model to measure. */
  readonly base: typeof base;
  /** An adapter to compare it with. */
  readonly adapter: OptionalInput<typeof adapter>;
  /** Tokenised rows: their validation rows are what the loss is measured on. */
  readonly tokens: OptionalInput<typeof tokens>;
  /** Questions to ask. */
  readonly tasks: OptionalListInput<typeof evaluationTask>;
}

const inputs = {
  base,
  adapter: optional(adapter),
  tokens: optional(tokens),
  tasks: optionalList(evaluationTask),
} satisfies EvaluateInputs;

type Context = StageContext<typeof inputs, z.output<typeof params>, z.output<typeof settings>>;

/**
 * Measures a base, and compares an adapter with it: loss and perplexity on validation rows, greedy answers to the first of
 * them, and tasks. At least one of `tokens` and `tasks` must be given. Writes results.json, report.md, report.html with its
 * plots, and in the form of lm-evaluation-harness results_DATE.json and samples_TASK_DATE.jsonl.
 *
 * @example
 * ```ts
 * import { adapterFolder, answerTask, ceval, evaluate, modelFolder, quantize } from "vicuna";
 *
 * const base = quantize({ model: modelFolder("llama-7b-hf") });
 * const tasks = [answerTask("sums.jsonl", { ignorePunctuation: true }), ceval("ceval-exam", { shots: 0 })];
 * const report = evaluate({ base, adapter: adapterFolder("vicuna-output/chinese_vicuna"), tasks });
 * ```
 */
export const evaluate: Stage<
  { readonly [N in keyof EvaluateInputs]: EvaluateInputs[N] },
  EvaluateParams,
  typeof report
> = defineStage({
  name: "evaluate",
  version: 6,
  inputs,
  params,
  settings,
  output: report,
  verifies: ["base"],
  async run(context) {
    const startedAt = new Date();
    chooseStageDevice(context.settings);
    checkInputs(context);
    const { inputs, output, log } = context;
    using tokenizer = await loadTokenizer(join(inputs.base.dir, "tokenizer"));
    const prepared = await prepare(context, tokenizer);
    const device = await openStageDevice(context);
    try {
      const loaded = await loadBaseInput(device, inputs.base);
      const losses = inputs.tokens && await measureLosses(context, inputs.tokens.dir, device, loaded, tokenizer);
      const { outcomes, answered } = await ask(context, prepared, device, loaded, tokenizer);
      const tasks = outcomes.map(({ result }) => result);
      const results: EvaluationResults = { ...losses, samples: [], sample_metrics: [], ...answered, tasks };
      await writeEvaluation(output, results, outcomes, inputs, startedAt);
      for (const line of summary(results, inputs.tokens?.meta.validation.rows ?? 0)) log("info", line);
      return metaOf(results);
    } finally {
      device.close();
    }
  },
});

/** @throws {PipelineError} when there is nothing to measure, or what there is does not fit the base */
function checkInputs({ inputs }: Context): void {
  if (inputs.tokens === undefined && inputs.tasks.length === 0) {
    throw new PipelineError("evaluate: wanted tokens or tasks, found neither: there is nothing to measure");
  }
  if (inputs.tokens === undefined) return;
  const { meta } = inputs.base;
  checkTokens({ ...meta, config: configOfRecord(meta.config) }, inputs.tokens.meta);
  if (inputs.tokens.meta.validation.rows === 0) {
    throw new PipelineError("evaluate: wanted validation rows, found none: set validation aside when merging");
  }
}

/** Reads all that is to be asked, before the device is opened. */
async function prepare({ inputs, params }: Context, tokenizer: Tokenizer): Promise<Prepared> {
  const own = inputs.tokens?.meta.template;
  const options: TemplateOptions = {
    chatTemplateKwargs: params.chatTemplateKwargs ?? inputs.tokens?.meta.chatTemplateKwargs,
    templateDate: params.templateDate ?? inputs.tokens?.meta.templateDate ?? TEMPLATE_DAY,
  };
  const template = templateFor(params.template ?? own ?? "alpaca", tokenizer, options);
  const { tokens: maxPositions } = sequenceLimit(configOfRecord(inputs.base.meta.config));
  const tasks = await prepareTasks(inputs.tasks, { template, tokenizer, maxPositions, limit: params.limit });
  if (inputs.tokens === undefined || own === undefined) return { tasks };
  const ofRows = templateFor(own, tokenizer, options);
  return { tasks, samples: await prepareSamples(inputs.tokens.dir, params, ofRows, tokenizer) };
}

interface Prepared {
  readonly tasks: readonly PreparedTask[];
  readonly samples?: PreparedSamples;
}

async function measureLosses(
  { inputs, signal, progress }: Context,
  tokensDir: string,
  device: Device,
  loaded: BaseWeights,
  tokenizer: Tokenizer,
): Promise<LossResults> {
  const trained = inputs.adapter && await readAdapter(inputs.adapter.dir, loaded.config);
  const rows = await scoreRows(device, loaded, trained, tokenizer, tokensDir, {
    signal,
    onTokens: (done, total) => progress({ done, total, unit: "tokens", note: "loss" }),
  });
  return lossResults(rows);
}

/** Puts the questions of all tasks to the base, and to the adapter if there is one; an interrupted evaluation goes on. */
async function ask(
  { inputs, signal, progress, scratch }: Context,
  { tasks, samples }: Prepared,
  device: Device,
  loaded: BaseWeights,
  tokenizer: Tokenizer,
): Promise<{ outcomes: TaskOutcome[]; answered: Pick<EvaluationResults, "samples" | "sample_metrics"> | undefined }> {
  const positions = Math.max(1, samples?.positions ?? 0, ...tasks.map(({ positions }) => positions));
  const generator = textGenerator(device, loaded, tokenizer, { positions });
  try {
    const adapter = inputs.adapter && "adapter";
    if (inputs.adapter) await generator.loadAdapter("adapter", inputs.adapter.dir);
    const running = async (requests: number, note: string, folder: string): Promise<TaskRun> => {
      // What another device had answered before this was interrupted is asked again: a result is of one device.
      const kept = join(scratch, folder, encodeURIComponent(device.info.description));
      await Deno.mkdir(kept, { recursive: true });
      const total = requests * (adapter ? 2 : 1);
      let done = 0;
      return {
        generator,
        adapter,
        signal,
        keep: keepIn(kept),
        onRequest: (count) => progress({ done: done += count, total, unit: "answers", note }),
      };
    };
    const outcomes: TaskOutcome[] = [];
    for (const task of tasks) {
      outcomes.push(await task.run(await running(task.requests, task.meta.name, `task-${task.meta.name}`)));
    }
    if (!samples) return { outcomes, answered: undefined };
    const { samples: answers, metrics } = await samples.run(
      await running(samples.requests, "held-out rows", "samples"),
    );
    return { outcomes, answered: { samples: answers, sample_metrics: metrics } };
  } finally {
    generator.close();
  }
}

function summary({ before, after, tasks }: EvaluationResults, rows: number): string[] {
  const arrow = (figures: readonly (string | undefined)[]) => figures.filter(Boolean).join(" -> ");
  const loss = before
    ? [`eval_loss ${arrow([before.eval_loss.toFixed(4), after?.eval_loss.toFixed(4)])} on ${rows} held-out rows`]
    : [];
  return [
    ...loss,
    ...tasks.flatMap(({ name, metrics }) =>
      metrics.map(({ metric, before, after, count }) =>
        `${name}: ${metric} ${
          arrow([before, after].map((side) => side && shownValue(metric, side.value)))
        } on ${count} items`
      )
    ),
  ];
}
