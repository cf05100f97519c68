import { join } from "@std/path";
import { defaultWorkers } from "../../datasets/job_pool.ts";
import { type Language, LANGUAGES } from "../../datasets/language.ts";
import { type MergeSource, mergeSources } from "../../datasets/merge.ts";
import { LITERAL_NEWLINES, type LiteralNewlines } from "../../datasets/normalise.ts";
import type { MergeReport } from "../../datasets/merge_report.ts";
import { defineStage, list, type ListInput, type Stage, type StageInput, z } from "../core/mod.ts";
import { dataset, rowsFile } from "./kinds.ts";

const params = z.object({
  validation: z.number().int().min(0).default(2000).describe("rows to set aside for validation"),
  seed: z.number().int().min(0).max(0xffffffff).default(42).describe(
    "seed of the shuffle, of the split and of samples",
  ),
  languages: z.array(z.enum(LANGUAGES)).min(1).default([...LANGUAGES]).describe("languages to keep, told by script"),
  minCharacters: z.number().int().min(0).default(0).describe("fewest characters of a row, all its text together"),
  maxCharacters: z.number().int().min(0).default(0).describe("most characters of a row; 0 for no limit"),
  reservedAnswers: z.enum(["keep", "drop"]).default("keep").describe("what becomes of Guanaco's reserved answers"),
  nearDuplicates: z.enum(["keep", "drop"]).default("keep").describe("what becomes of rows that are almost equal"),
  literalNewlines: z.enum(LITERAL_NEWLINES).default("belle").describe(
    "newlines written as backslash-n: repaired in BELLE's rows, in all, or kept",
  ),
  badRows: z.enum(["stop", "skip"]).default("stop").describe("whether a row that cannot be read is an error"),
});

const settings = z.object({
  workers: z.number().int().min(1).default(defaultWorkers()).describe("threads to work on"),
});

/** Params of {@link merge}. */
export interface MergeParams {
  /** Rows to set aside for validation; 2000 by default. */
  readonly validation?: number;
  /** Seed of the shuffle, of the split and of samples; 42 by default. */
  readonly seed?: number;
  /** Languages to keep, told by script; all by default. */
  readonly languages?: Language[];
  /** Fewest characters of a row, all its text together; 0 by default. */
  readonly minCharacters?: number;
  /** Most characters of a row; 0, the default, for no limit. */
  readonly maxCharacters?: number;
  /** What becomes of Guanaco's reserved answers (NO IDEA, FORBIDDEN, SFW); kept by default. */
  readonly reservedAnswers?: "keep" | "drop";
  /** What becomes of rows that are almost equal to an earlier one; kept by default. */
  readonly nearDuplicates?: "keep" | "drop";
  /** Newlines written as backslash-n: repaired in BELLE's rows ("belle", the default), in all ("repair"), or kept. */
  readonly literalNewlines?: LiteralNewlines;
  /** Whether a row that cannot be read is an error ("stop", the default), or left out and counted ("skip"). */
  readonly badRows?: "stop" | "skip";
  /** Threads to work on; all by default. They do not change the result. */
  readonly workers?: number;
}

/**
 * Merges files of rows into one shuffled data set with a validation split. Exact duplicates and rows without question
 * or answer are dropped; report.json says per source what was read, kept, dropped and repaired.
 *
 * @example
 * ```ts
 * import { alpaca, belle, merge } from "vicuna";
 *
 * const mine = alpaca("mine.jsonl", { columns: { instruction: "prompt", output: "response" } });
 * const data = merge({ sources: [belle("belle.json", { weight: 0.5 }), mine], validation: 500, languages: ["zh"] });
 * ```
 */
export const merge: Stage<{ readonly sources: ListInput<typeof rowsFile> }, MergeParams, typeof dataset> = defineStage({
  name: "merge",
  version: 3,
  inputs: { sources: list(rowsFile) },
  params,
  settings,
  output: dataset,
  async run({ inputs, params, settings, output, scratch, progress, log, signal }) {
    const { languages, minCharacters, maxCharacters, reservedAnswers, nearDuplicates, ...rest } = params;
    const report = await mergeSources(inputs.sources.flatMap(toSources), {
      directory: output.dir,
      scratch,
      ...rest,
      ...settings,
      filters: {
        ...(LANGUAGES.every((each) => languages.includes(each)) ? {} : { languages }),
        ...(maxCharacters === 0 ? {} : { maxCharacters }),
        minCharacters,
        reservedAnswers,
        nearDuplicates,
      },
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

/** The files of an input as sources: each of a folder has its own name and its own format. */
function toSources({ meta, path, dir, files }: StageInput<typeof rowsFile>): MergeSource[] {
  const { name, format, weight, columns } = meta;
  const common = {
    ...(format === "auto" ? {} : { format }),
    ...(weight === undefined ? {} : { weight }),
    ...(columns === undefined ? {} : { columns }),
  };
  if (path !== dir || files.length === 1) {
    return [{ name, path: path === dir ? join(dir, files[0]!.path) : path, ...common }];
  }
  return files.map((file) => ({ name: `${name}/${file.path}`, path: join(dir, file.path), ...common }));
}

function summary({ total, train, validation, sources }: MergeReport): string {
  const reasons = Object.entries(total.dropped).filter(([, count]) => count > 0);
  const dropped = reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
  return `${total.rows} rows from ${sources.length} sources: ${train} to train on, ${validation} for validation, ` +
    `dropped ${dropped === "" ? "none" : dropped}` +
    (total.repaired.newlines === 0 ? "" : `; literal \\n became a newline in ${total.repaired.newlines} examples`);
}
