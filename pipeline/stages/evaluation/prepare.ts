import { promptIds } from "../../../datasets/templates/build_sequence.ts";
import { flatten } from "../../../datasets/example.ts";
import type { PromptTemplate } from "../../../datasets/templates/templates.ts";
import type { Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { PipelineError, type StageInput } from "../../core/mod.ts";
import { firstExamples } from "./held_out.ts";
import type { evaluationTask } from "../kinds.ts";
import { onlyFile } from "../only_file.ts";
import { answersOfSides } from "./answering.ts";
import { prepareAnswersTask } from "./answers_task.ts";
import { prepareBelleTask } from "./belle_task.ts";
import { prepareChoicesTask } from "./choices_task.ts";
import type { PreparedTask, TaskRun, TaskSetup } from "./prepared_task.ts";
import type { AnsweredSample } from "./report.ts";
import { type MetricResult, metricsOf, overlapScores } from "./results.ts";

/**
 * Reads tasks and makes their prompts.
 *
 * @throws {PipelineError} for two tasks of one name
 */
export async function prepareTasks(
  tasks: readonly StageInput<typeof evaluationTask>[],
  setup: TaskSetup,
): Promise<PreparedTask[]> {
  const names = tasks.map(({ meta }) => meta.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new PipelineError(`evaluate: two tasks are named ${twice}; give one of them another name`);
  }
  const prepared: PreparedTask[] = [];
  for (const task of tasks) prepared.push(await prepareTask(task, setup));
  return prepared;
}

function prepareTask(task: StageInput<typeof evaluationTask>, setup: TaskSetup): Promise<PreparedTask> {
  const { meta } = task;
  switch (meta.type) {
    case "answers":
      return prepareAnswersTask(onlyFile(task), meta, setup);
    case "choices":
      return prepareChoicesTask(task, meta, setup);
    case "belle":
      return prepareBelleTask(onlyFile(task), meta, setup);
    default:
      return meta satisfies never;
  }
}

/** Held-out instructions to be answered. */
export interface PreparedSamples {
  readonly requests: number;
  readonly positions: number;
  run(run: TaskRun): Promise<{ samples: AnsweredSample[]; metrics: MetricResult[] }>;
}

/** Takes the first held-out instructions of tokenised rows and makes their prompts. */
export async function prepareSamples(
  tokensDir: string,
  options: { readonly samples: number; readonly maxNewTokens: number },
  template: PromptTemplate,
  tokenizer: Tokenizer,
): Promise<PreparedSamples> {
  const examples = await firstExamples(tokensDir, options.samples);
  const prompts = examples.map((example) => promptIds(example, template, tokenizer));
  return {
    requests: prompts.length,
    positions: Math.max(0, ...prompts.map(({ length }) => length)) + options.maxNewTokens,
    async run(run) {
      const { before, after } = await answersOfSides(prompts, options.maxNewTokens, run, template);
      const samples = examples.map((example, i): AnsweredSample => ({
        ...flatten(example),
        expected: example.output,
        before: before[i] ?? "",
        ...(after ? { after: after[i] ?? "" } : {}),
      }));
      const items = samples.map(({ expected, before, after }) => {
        const scored = (response: string) => ({ response, scores: overlapScores(response, [expected]) });
        return { group: "", before: scored(before), ...(after === undefined ? {} : { after: scored(after) }) };
      });
      return { samples, metrics: metricsOf(items, ["rouge_l", "chrf"]) };
    },
  };
}
