import { join } from "@std/path";
import type { StageInput } from "../../core/mod.ts";
import type { adapter, base, ReportMeta, tokens } from "../kinds.ts";
import { html, markdown } from "./document.ts";
import type { TaskOutcome } from "./prepared_task.ts";
import { chartFile, chartOf, type EvaluationResults, reportBlocks } from "./report.ts";

/** Writes results.json, report.md and report.html, the plots, and samples_TASK.jsonl with every item of a task. */
export async function writeEvaluation(
  dir: string,
  results: EvaluationResults,
  outcomes: readonly TaskOutcome[],
  inputs: {
    readonly base: StageInput<typeof base>;
    readonly adapter: StageInput<typeof adapter> | undefined;
    readonly tokens: StageInput<typeof tokens> | undefined;
  },
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
  for (const { result, items, answers } of outcomes) {
    await write(`samples_${result.name}.jsonl`, lines(items));
    for (const [side, rows] of Object.entries(answers ?? {})) {
      await write(`answers_${result.name}_${side}.jsonl`, lines(rows));
    }
    for (const metric of result.metrics) await write(chartFile(result.name, metric.metric), chartOf(result, metric));
  }
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
