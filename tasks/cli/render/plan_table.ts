import Table from "cli-table3";
import { describeReason, type Plan, type PlannedStage } from "../../../pipeline/core/mod.ts";
import { formatChanges, formatDuration, formatReason } from "./format.ts";
import { formatBytes, memoryLines } from "./memory_lines.ts";
import type { Messages } from "../messages.ts";

/** A plan as a table: each stage, whether it would run, and why. */
export function planTable({ stages }: Plan, messages: Messages): string {
  const table = new Table({
    head: [messages.planStage, messages.planStatus, messages.planExpected, messages.planWhy],
    style: { head: [], border: [] },
    wordWrap: true,
  });
  for (const stage of stages) {
    const [status, why] = describe(stage, messages);
    table.push([stage.stage, status, expected(stage, messages), why]);
  }
  const count = (status: PlannedStage["status"]) => stages.filter((stage) => stage.status === status).length;
  const summary = messages.planSummaryLine(count("would-run"), count("waits"), count("cached"), count("shared"));
  return [`${table}`, ...stages.flatMap((stage) => expectations(stage, messages)), summary].join("\n");
}

/** What it took before: `41 s, 322 kB`. */
function expected(stage: PlannedStage, messages: Messages): string {
  if (stage.status === "cached") return "";
  if (stage.status === "shared") return formatBytes(stage.bytes);
  if (stage.expects.asBefore === undefined) return "";
  const { durationMs, bytes } = stage.expects.asBefore;
  return `${formatDuration(durationMs, messages)}, ${formatBytes(bytes)}`;
}

/** What a stage expects of its run: memory by what it is for, or why it could not run. */
function expectations(stage: PlannedStage, messages: Messages): string[] {
  if (stage.status === "cached" || stage.status === "shared") return [];
  const { memory, fault } = stage.expects;
  const shared = stage.status === "would-run" ? stage.sharedFault : undefined;
  const faults = [fault, shared && messages.planSharedFault(shared)].filter((text) => text !== undefined);
  const warnings = faults.map((text) => `${stage.stage}: ${messages.warning}: ${text}`);
  if (memory === undefined) return warnings;
  const table = new Table({ style: { head: [], border: [] }, colAligns: ["left", "right"] });
  for (const [name, bytes] of Object.entries(memory.categories)) {
    if (bytes > 0) table.push([messages.memoryCategory(name), formatBytes(bytes)]);
  }
  const [sum, , ...chosen] = memoryLines(memory, messages);
  return [...warnings, `${stage.stage}: ${[sum, ...chosen].join(" · ")}`, `${table}`];
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
    case "shared":
      return [messages.planShared, messages.planInShared];
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
