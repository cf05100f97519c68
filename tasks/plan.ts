// deno task plan [NAME|FILE]: says what train would do with the same arguments, and why.
import Table from "cli-table3";
import { describeReason, type PlannedStage, planPipeline } from "../mod.ts";
import { runMain } from "./cli/main.ts";
import { type Messages, messagesIn } from "./cli/messages.ts";
import { asFlagError, readPipelineCommand } from "./cli/pipeline_command.ts";
import { describeChange } from "../mod.ts";
import { duration, reasonText } from "./cli/render.ts";

function row(stage: PlannedStage, messages: Messages): [string, string, string] {
  switch (stage.status) {
    case "cached":
      return [stage.stage, messages.planCached, messages.ran(duration(stage.durationMs))];
    case "would-run":
      return [stage.stage, messages.planRun, reasonText(stage.reason, messages)];
    case "waits": {
      const stages = stage.waitsFor.join(", ");
      return stage.changes.length
        ? [stage.stage, messages.planRun, messages.planSurely(stages, stage.changes.map(describeChange).join(", "))]
        : [stage.stage, messages.planWaits, messages.planWaitsFor(stages)];
    }
    default:
      return stage satisfies never;
  }
}

await runMain(async (signal) => {
  const command = await readPipelineCommand("plan", Deno.args);
  if (!command) return;
  const { name, options, cacheDir, trustCache, language } = command;
  try {
    const plan = await planPipeline(command.pipeline, { name, options, cacheDir, trustCache, signal });
    if (command.json) {
      for (const stage of plan.stages) {
        console.log(
          JSON.stringify(stage.status === "would-run" ? { ...stage, because: describeReason(stage.reason) } : stage),
        );
      }
      return;
    }
    const messages = messagesIn(language);
    const table = new Table({
      head: [messages.planStage, messages.planStatus, messages.planWhy],
      style: { head: [], border: [] },
    });
    const rows = plan.stages.map((stage) => row(stage, messages));
    table.push(...rows);
    console.log(table.toString());
    const count = (status: PlannedStage["status"]) => plan.stages.filter((stage) => stage.status === status).length;
    console.log(messages.planSummaryLine(count("would-run"), count("waits"), count("cached")));
  } catch (error) {
    throw asFlagError(error, command);
  }
});
