import { join } from "@std/path";
import { TEXT_LANGUAGES } from "../../datasets/merging/language.ts";
import { type MergeSource, mergeSources } from "../../datasets/merging/merge.ts";
import { LITERAL_NEWLINES } from "../../datasets/merging/normalise.ts";
import type { MergeReport } from "../../datasets/merging/merge_report.ts";
import { defineStage, list, type ListInput, type Stage, type StageInput, z } from "../core/mod.ts";
import { dataset, rowsFile } from "./kinds.ts";
import { workerSettings } from "./worker_settings.ts";

/** Which rows a merge keeps, and how many it sets aside. */
export const mergeOptions = {
  validation: z.number().int().min(0).describe("rows held out for evaluation; 0 for none").meta({
    aliases: ["test_size", "val_set_size"],
  }).default(2000),
  languages: z.array(z.enum(TEXT_LANGUAGES)).min(1).default([...TEXT_LANGUAGES]).describe(
    "languages to keep, told by script",
  ),
  maxCharacters: z.number().int().min(0).default(0).describe("drop rows of more characters; 0: none"),
  reservedAnswers: z.enum(["keep", "drop"]).default("keep").describe(
    "Guanaco's reserved answers: NO IDEA, FORBIDDEN, SFW",
  ),
  nearDuplicates: z.enum(["keep", "drop"]).default("keep").describe("rows almost equal to an earlier one"),
  literalNewlines: z.enum(LITERAL_NEWLINES).default("belle").describe(
    "newlines written as backslash-n: repair them in BELLE's rows, in all, or keep them",
  ),
  badRows: z.enum(["stop", "skip"]).default("stop").describe(
    "stop at a row that cannot be read, or skip and count it",
  ),
};

const params = z.object({
  ...mergeOptions,
  seed: z.number().int().min(0).max(0xffffffff).default(42).describe(
    "seed of the shuffle, of the split and of samples",
  ),
  minCharacters: z.number().int().min(0).default(0).describe("fewest characters of a row, all its text together"),
});

const settings = z.object(workerSettings);

/** Params and settings of {@link merge}. */
export type MergeParams = z.input<typeof params> & z.input<typeof settings>;

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
        ...(TEXT_LANGUAGES.every((each) => languages.includes(each)) ? {} : { languages }),
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
