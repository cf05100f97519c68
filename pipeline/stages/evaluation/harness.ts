// Results and samples in the form of lm-evaluation-harness, for the tools that read it. What it calls a filter is a side here:
// `acc,base` and `acc,adapter`.
import { createHash } from "node:crypto";
import type { LossResults } from "./losses.ts";
import type { TaskOutcome } from "./prepared_task.ts";
import type { EvaluationResults } from "./report.ts";
import type { ItemResult, MetricResult, TaskResult } from "./results.ts";
import type { Compared, Measure } from "./statistics.ts";

/** What is said of the run as a whole. */
export interface HarnessRun {
  readonly modelName: string;
  readonly modelArguments: string;
  readonly startedAt: Date;
  readonly seconds: number;
}

type Figures = Record<string, string | number | null>;

const sides = { before: "base", after: "adapter", difference: "difference" } as const;

/** `2026-11-24T12-30-00.000Z`: a date as it stands in the names of files. */
export function fileDate(date: Date): string {
  return date.toISOString().replaceAll(":", "-");
}

/** The contents of results_DATE.json. */
export function harnessResults(results: EvaluationResults, run: HarnessRun): Record<string, unknown> {
  const tasks = results.tasks.flatMap(tasksOf);
  const loss = lossFigures(results);
  const named = <T>(value: (task: HarnessTask) => T) =>
    Object.fromEntries(tasks.map((task) => [task.name, value(task)]));
  const groups = tasks.filter(({ parts }) => parts.length > 0);
  return {
    results: { ...named(({ figures }) => figures), ...(loss ? { validation: loss } : {}) },
    ...(groups.length > 0 ? { groups: Object.fromEntries(groups.map(({ name, figures }) => [name, figures])) } : {}),
    group_subtasks: named(({ parts }) => parts),
    configs: named(({ name, result }) => ({ task: name, metadata: result.facts })),
    versions: named(() => 1),
    "n-shot": named(({ result }) => result.facts["shots"] ?? 0),
    higher_is_better: {
      ...named(({ result }) => Object.fromEntries(result.metrics.map(({ metric }) => [metric, true]))),
      ...(loss ? { validation: { eval_loss: false, perplexity: false, bits_per_byte: false } } : {}),
    },
    "n-samples": named(({ count }) => ({ original: count, effective: count })),
    config: { model: "vicuna", model_args: run.modelArguments },
    date: run.startedAt.getTime() / 1000,
    model_source: "vicuna",
    model_name: run.modelName,
    total_evaluation_time_seconds: `${run.seconds}`,
  };
}

/** A task of ours, or a kind, subject or class of one. */
interface HarnessTask {
  readonly name: string;
  readonly count: number;
  readonly result: TaskResult;
  readonly figures: Figures;
  /** Names of its parts. */
  readonly parts: readonly string[];
}

function tasksOf(result: TaskResult): HarnessTask[] {
  const names = [...new Set(result.metrics.flatMap(({ groups }) => groups.map(({ name }) => name)))];
  const partName = (group: string) => `${result.name}_${group || "other"}`;
  const whole = {
    name: result.name,
    count: result.count,
    result,
    figures: figuresOf(result.name, result.metrics, (metric) => metric),
    parts: names.map(partName),
  };
  const parts = names.map((group) => {
    const of = (metric: MetricResult) => metric.groups.find(({ name }) => name === group);
    return {
      name: partName(group),
      count: Math.max(...result.metrics.map((metric) => of(metric)?.count ?? 0)),
      result,
      figures: figuresOf(`  - ${group || "other"}`, result.metrics, of),
      parts: [],
    };
  });
  return [whole, ...parts];
}

function figuresOf(
  alias: string,
  metrics: readonly MetricResult[],
  of: (metric: MetricResult) => Compared | undefined,
): Figures {
  const figures: Figures = { alias };
  for (const metric of metrics) {
    for (const [side, name] of Object.entries(sides)) {
      const measure: Measure | undefined = of(metric)?.[side as keyof typeof sides];
      if (measure === undefined) continue;
      figures[`${metric.metric},${name}`] = measure.value;
      figures[`${metric.metric}_stderr,${name}`] = measure.stderr ?? "N/A";
    }
  }
  return figures;
}

function lossFigures(results: Partial<LossResults>): Figures | undefined {
  if (results.before === undefined) return undefined;
  const figures: Figures = { alias: "validation" };
  for (const [side, name] of Object.entries(sides)) {
    for (const [figure, value] of Object.entries(results[side as keyof LossResults] ?? {})) {
      figures[`${figure},${name}`] = value ?? "N/A";
    }
  }
  return figures;
}

/** The lines of samples_TASK_DATE.jsonl: each item once for each side. */
export function harnessSamples({ items }: TaskOutcome): Record<string, unknown>[] {
  return items.flatMap((item, id) => {
    const lines = [sampleOf(item, id, "base", item.before)];
    return item.after ? [...lines, sampleOf(item, id, "adapter", item.after)] : lines;
  });
}

function sampleOf(
  item: ItemResult,
  id: number,
  side: string,
  { response, logLikelihoods, scores }: ItemResult["before"],
) {
  const continuations = item.continuations ?? [];
  const asked = continuations.length > 0 ? continuations.map((text) => [item.prompt, text]) : [[item.prompt]];
  return {
    doc_id: id,
    doc: item.document,
    target: item.target,
    arguments: Object.fromEntries(
      asked.map((parts, i) => [`gen_args_${i}`, Object.fromEntries(parts.map((part, j) => [`arg_${j}`, part]))]),
    ),
    resps: logLikelihoods ? logLikelihoods.map((value) => [`${value}`]) : [[response]],
    filtered_resps: logLikelihoods ? logLikelihoods.map((value) => `${value}`) : [response],
    filter: side,
    metrics: Object.keys(scores),
    doc_hash: hash(JSON.stringify(item.document)),
    prompt_hash: hash(item.prompt),
    target_hash: hash(item.target),
    group: item.group,
    ...scores,
  };
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
