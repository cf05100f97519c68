import Table from "cli-table3";
import { describeReason, type Plan, type PlannedStage } from "../../pipeline/core/mod.ts";
import { formatChanges, formatReason } from "./format.ts";
import type { Messages } from "./messages.ts";

/** A plan as a table: each stage, whether it would run, and why. */
export function planTable({ stages }: Plan, messages: Messages): string {
  const table = new Table({
    head: [messages.planStage, messages.planStatus, messages.planWhy],
    style: { head: [], border: [] },
    wordWrap: true,
  });
  for (const stage of stages) table.push([stage.stage, ...describe(stage, messages)]);
  const count = (status: PlannedStage["status"]) => stages.filter((stage) => stage.status === status).length;
  return `${table}\n${messages.planSummaryLine(count("would-run"), count("waits"), count("cached"))}`;
}

/** A plan as one line of JSON; reasons in English too, as in the events of a run. */
export function planJson({ pipeline, stages }: Plan): string {
  const explained = stages.map((stage) =>
    stage.status === "would-run" ? { ...stage, because: describeReason(stage.reason) } : stage
  );
  return JSON.stringify({ type: "plan", pipeline, stages: explained });
}

function describe(stage: PlannedStage, messages: Messages): [status: string, why: string] {
  switch (stage.status) {
    case "cached":
      return [messages.planCached, ""];
    case "would-run":
      return [messages.planRun, formatReason(stage.reason, messages)];
    case "waits": {
      const before = stage.waitsFor.join(", ");
      const waits = messages.planWaitsFor(before);
      if (stage.changes.length === 0) return [messages.planWaits, waits];
      return [messages.planWaits, messages.planDiffers(waits, formatChanges(stage.changes, messages))];
    }
    default:
      return stage satisfies never;
  }
}
