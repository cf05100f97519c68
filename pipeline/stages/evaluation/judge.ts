import { join } from "@std/path";
import { type BelleAnswer, foldClass, readBelleAnswers } from "../../../datasets/evaluation/belle_questions.ts";
import { judgeMessage, judgePrompt, readJudgePrompts } from "../../../datasets/evaluation/judge_prompts.ts";
import {
  defineStage,
  inputFile,
  optional,
  type OptionalInput,
  PipelineError,
  type Ref,
  type Stage,
  type StageContext,
  type StageInput,
  z,
} from "../../core/mod.ts";
import { html, markdown } from "./document.ts";
import { JudgeClient } from "./judge_client.ts";
import { judgeAll, type Judged } from "./judging.ts";
import { chartFile, chartOf, ERRORS, metricBlocks, shownValue } from "./report.ts";
import { type MetricResult, metricsOf } from "./results.ts";
import { taskName } from "./task_options.ts";
import { judgement, judgePrompts, report } from "../kinds.ts";
import { onlyFile } from "../only_file.ts";

/** The user's own prompts of a judge by class: a file as BELLE's eval_prompt.json. */
export function judgePromptFile(path: string | URL): Ref<typeof judgePrompts> {
  return inputFile(judgePrompts, path, {});
}

const OPENAI = "https://api.openai.com/v1";
const KEY = "JUDGE_API_KEY";

/** Who judges, and how its server is asked. */
export const judgeOptions = {
  model: z.string().min(1).describe("name of the judge, as its server knows it"),
  baseUrl: z.url({ protocol: /^https?$/ }).refine((url) => !URL.parse(url)?.username, "no password in the address")
    .default(OPENAI).describe("address of an OpenAI-compatible API"),
  concurrency: z.number().int().min(1).max(64).default(4).describe("requests to the judge at once"),
};

const params = z.object({
  model: judgeOptions.model,
  baseUrl: judgeOptions.baseUrl,
  task: taskName.default("belle").describe("whose answers are judged"),
});

const settings = z.object({
  concurrency: judgeOptions.concurrency,
  attempts: z.number().int().min(1).default(8).describe("tries of a request before it is given up"),
  retryDelay: z.number().min(0).default(1).describe(
    "seconds before the second try, then twice as long each time; what the server asks for (Retry-After) counts more",
  ),
  timeout: z.number().positive().default(120).describe("seconds to wait for a reply"),
});

/** Params and settings of {@link judge}. */
export type JudgeParams = z.input<typeof params> & z.input<typeof settings>;

/** Inputs of {@link judge}. */
export interface JudgeInputs {
  /** An evaluation with a task of {@link belleEvaluation}. */
  readonly report: typeof report;
  /** Prompts by class; this project's own where there is none. */
  readonly prompts: OptionalInput<typeof judgePrompts>;
}

const inputs = { report, prompts: optional(judgePrompts) } satisfies JudgeInputs;
type Context = StageContext<typeof inputs, z.output<typeof params>, z.output<typeof settings>>;

/**
 * Lets a model score the answers of an evaluation from 0 to 1, as BELLE does: the mean of each class, base against adapter.
 * Any OpenAI-compatible server will do; the key is that of JUDGE_API_KEY, or of OPENAI_API_KEY for api.openai.com. Replies
 * are kept as they come, so that an interrupted judging goes on. What a judge says may differ from day to day: it is asked
 * once, and its reply is the result. Writes judgement_TASK.json, .md, .html, the plot, and judged_TASK.jsonl.
 */
export const judge: Stage<
  { readonly [N in keyof JudgeInputs]: JudgeInputs[N] },
  JudgeParams,
  typeof judgement
> = defineStage({
  name: "judge",
  version: 3,
  inputs,
  params,
  settings,
  output: judgement,
  network: { hosts: ({ baseUrl }) => [new URL(String(baseUrl)).host], variables: [KEY, "OPENAI_API_KEY"] },
  async run(context) {
    const { inputs, params, output, log } = context;
    const before = await answersOf(inputs.report, params.task, "base");
    if (before === undefined) {
      throw new PipelineError(
        `judge: wanted answers of a task ${params.task}, found none in the evaluation: give it belleEvaluation(…)`,
      );
    }
    const after = await answersOf(inputs.report, params.task, "adapter") ?? [];
    const judged = await judgeAnswers(context, [...before, ...after]);
    const items = before.map((answer, i) => ({
      answer,
      before: judged[i]!,
      ...(after.length > 0 ? { after: judged[before.length + i]! } : {}),
    }));
    const scored = items.filter(({ before, after }) => before.score !== null && after?.score !== null);
    if (scored.length === 0) {
      throw new PipelineError(
        `judge: none of ${judged.length} replies of ${params.model} has a score; the first: ${
          judged[0]?.reply.slice(0, 200)
        }`,
      );
    }
    if (scored.length < items.length) {
      log("warn", `${items.length - scored.length} of ${items.length} questions have no score and do not count`);
    }
    const [metric] = metricsOf(scored.map(toScored), ["judge_score"]);
    if (metric === undefined) throw new Error("scores without a figure");
    await writeJudgement(output.dir, params, metric, items);
    const figures = [metric.before, metric.after].flatMap((side) => side ? shownValue("judge_score", side.value) : []);
    log("info", `${params.task}: score ${figures.join(" -> ")} on ${scored.length} questions, by ${params.model}`);
    return {
      judge: params.model,
      before: metric.before.value,
      ...(metric.after ? { after: metric.after.value } : {}),
    };
  },
});

interface JudgedItem {
  readonly answer: BelleAnswer;
  readonly before: Judged;
  readonly after?: Judged;
}

async function answersOf(
  { dir, files }: StageInput<typeof report>,
  task: string,
  side: "base" | "adapter",
): Promise<BelleAnswer[] | undefined> {
  const name = `answers_${task}_${side}.jsonl`;
  return files.some(({ path }) => path === name) ? await readBelleAnswers(join(dir, name)) : undefined;
}

/** Both sides are judged in one go, each different answer once. */
async function judgeAnswers(
  { inputs, params, settings, scratch, progress, signal }: Context,
  answers: readonly BelleAnswer[],
): Promise<Judged[]> {
  const own = inputs.prompts && await readJudgePrompts(onlyFile(inputs.prompts));
  const messages = answers.map((answer) => judgeMessage(judgePrompt(answer.class, own), answer));
  const total = new Set(messages).size;
  const host = new URL(params.baseUrl).host;
  const apiKey = Deno.env.get(KEY) ?? (host === new URL(OPENAI).host ? Deno.env.get("OPENAI_API_KEY") : undefined);
  const client = new JudgeClient({
    ...params,
    apiKey: apiKey || undefined,
    timeoutMs: settings.timeout * 1000,
    delayMs: settings.retryDelay * 1000,
    attempts: settings.attempts,
  });
  return await judgeAll(client, messages, {
    keptIn: join(scratch, "replies.jsonl"),
    concurrency: settings.concurrency,
    signal,
    onJudged: (done) => progress({ done, total, unit: "answers", note: params.model }),
  });
}

function toScored({ answer, before, after }: JudgedItem) {
  const side = ({ score, reply }: Judged) => ({
    response: reply,
    scores: score === null ? {} : { judge_score: score },
  });
  return { group: foldClass(answer.class), before: side(before), ...(after ? { after: side(after) } : {}) };
}

async function writeJudgement(
  dir: string,
  { task, model, baseUrl }: z.output<typeof params>,
  metric: MetricResult,
  items: readonly JudgedItem[],
): Promise<void> {
  const replies = items.flatMap(({ before, after }) => [before, ...(after ? [after] : [])]);
  const answeredBy = [...new Set(replies.map((reply) => reply.model))].sort();
  const judge = { model, answered_by: answeredBy, base_url: baseUrl };
  const unscored = items.length - metric.count;
  const title = `Judgement of ${task} 评审`;
  const blocks = [
    { type: "heading" as const, level: 1 as const, text: title },
    {
      type: "list" as const,
      items: [
        `Judge 评审: ${model} (${answeredBy.join(", ")}), ${baseUrl}`,
        `Questions 题目: ${items.length}, without a score 未得分: ${unscored}`,
      ],
    },
    ...metricBlocks({ name: task }, metric),
    { type: "text" as const, text: ERRORS },
  ];
  const write = (name: string, text: string) => Deno.writeTextFile(join(dir, name), text);
  await write(
    `judgement_${task}.json`,
    `${JSON.stringify({ judge, questions: items.length, unscored, ...metric }, null, 2)}\n`,
  );
  await write(`judgement_${task}.md`, markdown(blocks));
  await write(`judgement_${task}.html`, html(title, blocks));
  await write(chartFile(task, "judge_score"), chartOf({ name: task }, metric));
  const lines = items.map(({ answer, ...sides }) => `${JSON.stringify({ ...answer, ...sides })}\n`);
  await write(`judged_${task}.jsonl`, lines.join(""));
}
