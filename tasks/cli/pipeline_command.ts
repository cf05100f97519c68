import { z } from "zod";
import { PipelineOptionsError } from "../../pipeline/core/mod.ts";
import { describeIssue } from "./options/check_values.ts";
import { type CommandShape, parseCommand, type ParsedCommand, usageIn } from "./command.ts";
import { withFlagOfPath } from "./options/flag_of_path.ts";
import { type Flag, flagsOf, isSwitch, kebabCase, UnsupportedFieldError } from "./options/flags.ts";
import type { Language } from "./language.ts";
import { type LoadedPipeline, loadPipeline, recipeNames } from "./load_pipeline.ts";
import { type Messages, messagesIn } from "./messages.ts";
import { describedIn, optionTextsIn } from "./options/pipeline_texts.ts";
import { flagOfOthers } from "./options/recipe_flags.ts";
import { CACHE_OPTIONS, DEVICE_OPTION, JSON_OPTION } from "./options/shared_options.ts";
import { UnknownFlagError, UsageError } from "./usage_error.ts";

/** The pipeline that runs when none is named. */
const DEFAULT_PIPELINE = "quickstart";

/** Tasks that run a pipeline: `evaluate` always that of its name. */
export type RunningTask = "train" | "evaluate";

type Task = RunningTask | "plan";

/** Options that every pipeline has. */
const COMMON = z.object({
  cacheDir: CACHE_OPTIONS.cacheDir,
  outputPath: z.string().optional().meta({ aliases: ["output_dir"] }),
  overwrite: z.boolean().default(false),
  ...JSON_OPTION,
  trustCache: z.boolean().default(false),
  locked: z.boolean().default(false),
  strict: z.boolean().default(false),
  remoteCache: z.string().optional(),
  remoteWrite: z.boolean().default(false),
  ...DEVICE_OPTION,
  lang: CACHE_OPTIONS.lang,
});

/** A command line that names a pipeline and its options. */
export interface PipelineCommand {
  /** The help, if that was asked for. */
  readonly help: string | undefined;
  /** The pipeline. */
  readonly loaded: LoadedPipeline;
  /** Options of the pipeline that were given, by field. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Options that every pipeline has. */
  readonly common: z.output<typeof COMMON>;
}

/**
 * Reads `[NAME|FILE] [options]`: loads the pipeline, and parses the options against its schema and the common one.
 *
 * @throws {UsageError} if anything does not fit.
 */
export async function readPipelineCommand(
  task: Task,
  args: readonly string[],
  language: Language,
): Promise<PipelineCommand> {
  const messages = messagesIn(language);
  const common = commonFlags(messages);
  const { name, rest } = task === "evaluate" ? { name: task, rest: [...args] } : takePipelineName(args, common);
  const loaded = await loadPipeline(name ?? DEFAULT_PIPELINE, messages);
  const own = pipelineFlags(loaded, common, language);
  const shape: CommandShape = {
    task,
    usage: task === "evaluate" ? "[options]" : "[NAME|FILE] [options]",
    description: describe(task, loaded, language),
    groups: [
      { heading: messages.pipelineOptions(loaded.name), flags: own },
      { heading: messages.commonOptions, flags: common },
    ],
    ...(task === "evaluate" ? {} : {
      footer: messages.recipes(recipeNames().join(", ")),
      operandExample: "chinese_vicuna --epochs 3",
    }),
  };
  const parsed = await parse(rest, shape, loaded, language);
  const isCommon = (field: string) => field in COMMON.shape;
  const entries = Object.entries(parsed.values);
  return {
    help: parsed.wantsHelp ? parsed.help : undefined,
    loaded,
    options: Object.fromEntries(entries.filter(([field]) => !isCommon(field))),
    common: COMMON.parse(Object.fromEntries(entries.filter(([field]) => isCommon(field)))),
  };
}

async function parse(
  args: readonly string[],
  shape: CommandShape,
  { name }: LoadedPipeline,
  language: Language,
): Promise<ParsedCommand> {
  try {
    return parseCommand(args, shape, language);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const messages = messagesIn(language);
    const ofOthers = error instanceof UnknownFlagError && await flagOfOthers(error.flag, name, shape.task, messages);
    throw new UsageError(`${ofOthers || error.message}\n${messages.seeHelp(shape.task)}`);
  }
}

function describe(task: Task, { pipeline, name }: LoadedPipeline, language: Language): string {
  const messages = messagesIn(language);
  const text = describedIn(pipeline, language);
  if (task === "evaluate") return text ?? "";
  const summary = task === "train" ? messages.trainSummary : messages.planSummary;
  const own = text === undefined ? "" : `\n\n${name}: ${text}`;
  return `${summary}${own}\n\n${usageIn("NAME|FILE", messages)}  ${messages.pipelineArgument}`;
}

/** The common flags, described in the language of the messages. */
function commonFlags(messages: Messages): Flag[] {
  const { outputPath, overwrite, trustCache, locked, strict, remoteCache, remoteWrite, options: shared } = messages;
  const own = { outputPath, overwrite, trustCache, locked, strict, remoteCache, remoteWrite };
  const defaults: Readonly<Record<string, string>> = {
    outputPath: messages.defaultOutput,
    lang: messages.localeDefault,
  };
  return flagsOf(COMMON, { ...shared, json: shared.jsonEvents, ...own })
    .map((flag) => ({ ...flag, default: defaults[flag.field] ?? flag.default }));
}

function pipelineFlags({ pipeline, path }: LoadedPipeline, common: readonly Flag[], language: Language): Flag[] {
  const messages = messagesIn(language);
  const taken = new Set(common.flatMap((flag) => [flag.name, ...flag.aliases]));
  try {
    const flags = flagsOf(pipeline.options, optionTextsIn(pipeline, language));
    for (const flag of flags) {
      if (taken.has(flag.name)) throw new UsageError(messages.reservedOption(flag.field, path));
    }
    return flags;
  } catch (error) {
    if (!(error instanceof UnsupportedFieldError)) throw error;
    throw new UsageError(messages.unsupportedOption(error.field, path, error.found));
  }
}

/** The first argument without dashes, if only common flags stand before it; the rest is parsed once it is known. */
function takePipelineName(args: readonly string[], common: readonly Flag[]): { name?: string; rest: string[] } {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("-")) return { name: arg, rest: args.toSpliced(i, 1) };
    const written = kebabCase(arg.slice(2).split("=")[0] ?? "");
    if (["--help", "-h", "--version"].includes(arg)) continue;
    const flag = common.find((flag) => [flag.name, ...flag.aliases].includes(written));
    if (flag === undefined) break;
    if (!isSwitch(flag) && !arg.includes("=")) i++;
  }
  return { rest: [...args] };
}

/** An error in terms of the flags that the user knows: faults of options, and what is not there. */
export function explainError(
  error: unknown,
  { loaded, options }: Pick<PipelineCommand, "loaded" | "options">,
  messages: Messages,
): unknown {
  if (!(error instanceof PipelineOptionsError)) return withFlagOfPath(error, loaded.pipeline.options, options);
  const lines = error.issues.map((issue) => `  ${describeIssue(issue, options, messages)}`);
  return new UsageError(`${messages.badOptions(loaded.name)}\n${lines.join("\n")}`);
}
