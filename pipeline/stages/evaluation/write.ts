import { join } from "@std/path";
import type { StageInput, StageOutput } from "../../core/mod.ts";
import type { adapter, base, ReportMeta, tokens } from "../kinds.ts";
import { html, markdown } from "./document.ts";
import { fileDate, harnessResults, harnessSamples } from "./harness.ts";
import type { TaskOutcome } from "./prepared_task.ts";
import { chartFile, chartOf, type EvaluationResults, reportBlocks } from "./report.ts";

/**
 * Writes results.json, report.md and report.html, the plots, and in the form of lm-evaluation-harness results_DATE.json and
 * samples_TASK_DATE.jsonl with every item of a task.
 */
export async function writeEvaluation(
  { dir, volatile }: StageOutput,
  results: EvaluationResults,
  outcomes: readonly TaskOutcome[],
  inputs: {
    readonly base: StageInput<typeof base>;
    readonly adapter: StageInput<typeof adapter> | undefined;
    readonly tokens: StageInput<typeof tokens> | undefined;
  },
  startedAt: Date,
): Promise<void> {
  const write = (name: string, text: string) => Deno.writeTextFile(join(dir, name), text);
  const blocks = reportBlocks({
    results,
    tasks: outcomes,
    base: inputs.base.meta,
    adapter: inputs.adapter?.meta,
    tokens: inputs.tokens?.meta,
    hasLossCurve: inputs.adapter?.files.some(({ path }) => path === "loss_curve.svg") ?? false,
  });
  await write("results.json", `${JSON.stringify(results, null, 2)}\n`);
  await write("report.md", markdown(blocks));
  await write("report.html", html("Evaluation 评估报告", blocks));
  const lines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const date = fileDate(startedAt);
  const run = { ...namesOf(inputs), startedAt, seconds: (Date.now() - startedAt.getTime()) / 1000 };
  // Their names say when they were made, so they are no part of what the result is.
  const harness = JSON.stringify(harnessResults(results, run), null, 2);
  await Deno.writeTextFile(volatile(`results_${date}.json`), `${harness}\n`);
  for (const outcome of outcomes) {
    const { result, answers } = outcome;
    await Deno.writeTextFile(volatile(`samples_${result.name}_${date}.jsonl`), lines(harnessSamples(outcome)));
    for (const [side, rows] of Object.entries(answers ?? {})) {
      await write(`answers_${result.name}_${side}.jsonl`, lines(rows));
    }
    for (const metric of result.metrics) await write(chartFile(result.name, metric.metric), chartOf(result, metric));
  }
}

function namesOf({ base, adapter }: Parameters<typeof writeEvaluation>[3]): {
  modelName: string;
  modelArguments: string;
} {
  const { name, bits } = base.meta;
  const parts = [`pretrained=${name}`, `bits=${bits}`, ...(adapter ? [`peft=${adapter.digest.slice(0, 16)}`] : [])];
  return { modelName: name, modelArguments: parts.join(",") };
}

/** The figures that go with the report. */
export function metaOf({ before, after, tasks }: EvaluationResults): ReportMeta {
  return {
    ...(before ? { evalLossBefore: before.eval_loss } : {}),
    ...(after ? { evalLossAfter: after.eval_loss } : {}),
    ...(tasks.length === 0 ? {} : { tasks: tasksMeta(tasks) }),
  };
}

function tasksMeta(tasks: EvaluationResults["tasks"]): NonNullable<ReportMeta["tasks"]> {
  return Object.fromEntries(
    tasks.map(({ name, metrics }) => [
      name,
      Object.fromEntries(metrics.map(({ metric, before, after }) => [
        metric,
        { before: before.value, ...(after ? { after: after.value } : {}) },
      ])),
    ]),
  );
}
