import { join } from "@std/path";
import { type MergeSource, mergeSources } from "../../datasets/merge.ts";
import type { MergeReport } from "../../datasets/merge_report.ts";
import { defineStage, list, type ListInput, type Stage, type StageInput, z } from "../core/mod.ts";
import { dataset, rowsFile } from "./kinds.ts";

const params = z.object({
  validation: z.number().int().min(0).default(2000).describe("rows to set aside for validation"),
  seed: z.number().int().min(0).max(0xffffffff).default(42).describe("seed of the shuffle and of the split"),
});

/** Params of {@link merge}. */
export interface MergeParams {
  /** Rows to set aside for validation; 2000 by default. */
  readonly validation?: number;
  /** Seed of the shuffle and of the split; 42 by default. */
  readonly seed?: number;
}

/**
 * Merges files of rows into one shuffled data set with a validation split. Exact duplicates and rows without question
 * or answer are dropped; report.json says per source what was read, kept, dropped and repaired.
 */
export const merge: Stage<{ readonly sources: ListInput<typeof rowsFile> }, MergeParams, typeof dataset> = defineStage({
  name: "merge",
  version: 1,
  inputs: { sources: list(rowsFile) },
  params,
  output: dataset,
  async run({ inputs, params, output, scratch, progress, log, signal }) {
    const report = await mergeSources(inputs.sources.map(toSource), {
      directory: output.dir,
      scratch,
      ...params,
      signal,
      onProgress: ({ phase, done, total }) => {
        progress({ done, total, unit: phase === "read" ? "bytes" : "rows", note: phase });
      },
    });
    await Deno.writeTextFile(join(output.dir, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    log("info", summary(report));
    const { total, train, validation } = report;
    return { train, validation, read: total.rows, dropped: total.dropped };
  },
});

function toSource({ path, dir, files, meta }: StageInput<typeof rowsFile>): MergeSource {
  // A stage that makes rows gives a folder with one file; a file of the user's is the path itself.
  const only = files.length === 1 ? files[0]!.path : undefined;
  const file = path === dir && only !== undefined ? join(dir, only) : path;
  return { name: meta.name, path: file, ...(meta.format === "auto" ? {} : { format: meta.format }) };
}

function summary({ total, train, validation, sources }: MergeReport): string {
  const reasons = Object.entries(total.dropped).filter(([, count]) => count > 0);
  const dropped = reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
  return `${total.rows} rows from ${sources.length} sources: ${train} to train on, ${validation} for validation, ` +
    `dropped ${dropped === "" ? "none" : dropped}`;
}
