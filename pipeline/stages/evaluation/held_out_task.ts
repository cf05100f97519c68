import { join } from "@std/path";
import { readExampleBatches } from "../../../datasets/formats/read_examples.ts";
import { defineStage, PipelineError, type Stage, z } from "../../core/mod.ts";
import { answerOptions, taskName } from "./task_options.ts";
import { dataset, evaluationTask } from "../kinds.ts";

const params = z.object({
  name: taskName.default("held_out"),
  rows: z.number().int().min(0).default(0).describe("most rows to take, the first ones; 0 for all"),
  ...answerOptions,
});

/** Params of {@link heldOutTask}. */
export type HeldOutTaskParams = z.input<typeof params>;

/**
 * The validation rows of a data set as a task: an answer is right if it is the row's. The kind of a row is the source that
 * it came from. For data whose answers are short and can be given in one way only.
 */
export const heldOutTask: Stage<{ readonly data: typeof dataset }, HeldOutTaskParams, typeof evaluationTask> =
  defineStage({
    name: "held_out_task",
    version: 1,
    inputs: { data: dataset },
    params,
    output: evaluationTask,
    async run({ inputs: { data }, params: { rows, ...options }, output }) {
      if (data.meta.validation === 0) {
        throw new PipelineError("held_out_task: wanted validation rows, found none: set validation aside when merging");
      }
      const lines: string[] = [];
      for await (const batch of readExampleBatches(join(data.dir, "validation.jsonl"))) {
        lines.push(...batch.map(({ source, ...example }) => `${JSON.stringify({ ...example, kind: source })}\n`));
      }
      const kept = rows === 0 ? lines : lines.slice(0, rows);
      await Deno.writeTextFile(join(output.dir, "items.jsonl"), kept.join(""));
      return { type: "answers", ...options };
    },
  });
