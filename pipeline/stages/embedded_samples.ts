import { join } from "@std/path";
import { instructionRows, ROW_FORMS, taskItems } from "../../datasets/embedded/instruction_rows.ts";
import { defineStage, type Stage, z } from "../core/mod.ts";
import { evaluationTask, rowsFile } from "./kinds.ts";

const params = z.object({ form: z.enum(ROW_FORMS).describe("form of the rows") });

/** Params of {@link embeddedSamples}. */
export type EmbeddedSamplesParams = z.input<typeof params>;

/**
 * The instructions that come with this project, to train on: what the small model can be asked for (`embeddedModel`), in
 * BELLE's form or, with all conversations, in Guanaco's. Together 2,100 rows, none in both.
 */
export const embeddedSamples: Stage<Record<never, never>, EmbeddedSamplesParams, typeof rowsFile> = defineStage({
  name: "embedded_samples",
  version: 1,
  inputs: {},
  params,
  output: rowsFile,
  async run({ params: { form }, output }) {
    await Deno.writeTextFile(join(output.dir, `${form}.jsonl`), instructionRows(form, "train"));
    return { format: form, name: `embedded ${form}` };
  },
});

/**
 * 200 held-out instructions with their answers, as a task for {@link evaluate}: none is about words, numbers or lists of
 * {@link embeddedSamples}, and half are worded as none of those is.
 */
export const embeddedTask: Stage<Record<never, never>, object, typeof evaluationTask> = defineStage({
  name: "embedded_task",
  version: 1,
  inputs: {},
  params: z.object({}),
  output: evaluationTask,
  async run({ output }) {
    await Deno.writeTextFile(join(output.dir, "items.jsonl"), taskItems());
    return {
      type: "answers",
      name: "held_out",
      maxNewTokens: 16,
      metrics: ["exact_match"],
      ignoreCase: false,
      ignorePunctuation: false,
    };
  },
});
