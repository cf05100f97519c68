import { join } from "@std/path";
import { type AnyPipeline, PipelineOptionsError, z } from "../../mod.ts";
import { parseCommand } from "./command.ts";
import { type Flag, flagsOf, kebabCase, UnsupportedFieldError } from "./flags.ts";
import { detectLanguage, type Language, LANGUAGES } from "./language.ts";
import { loadPipeline, recipeNames } from "./load_pipeline.ts";
import { type Messages, messagesIn } from "./messages.ts";
import { UsageError } from "./usage_error.ts";

/** What `train` and `plan` were asked to do. */
export interface PipelineCommand {
  readonly name: string;
  readonly pipeline: AnyPipeline;
  /** The pipeline's options that were given. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly cacheDir: string;
  readonly outputPath: string;
  readonly json: boolean;
  readonly trustCache: boolean;
  readonly language: Language;
}

function commonFlags(messages: Messages): Flag[] {
  return flagsOf(z.object({
    cacheDir: z.string().default(".vicuna").describe(messages.cacheDir),
    outputPath: z.string().optional().describe(`${messages.outputPath} (${messages.defaultOutput})`).meta({
      aliases: ["output_dir"],
    }),
    json: z.boolean().default(false).describe(messages.json),
    trustCache: z.boolean().default(false).describe(messages.trustCache),
    lang: z.enum(LANGUAGES).optional().describe(messages.lang),
  }));
}

function pipelineFlags(pipeline: AnyPipeline, given: string, common: readonly Flag[], messages: Messages): Flag[] {
  let flags: Flag[];
  try {
    flags = flagsOf(pipeline.options);
  } catch (error) {
    if (!(error instanceof UnsupportedFieldError)) throw error;
    throw new UsageError(messages.unsupportedOption(error.field, given, error.found));
  }
  const clash = flags.find(({ name }) => common.some((flag) => flag.name === name));
  if (clash) throw new UsageError(messages.reservedOption(clash.field, given));
  return flags;
}

/**
 * Reads the command line of `train` or `plan`; undefined when help was asked for and printed.
 *
 * @throws {UsageError} for anything that does not fit, naming the flag
 */
export async function readPipelineCommand(
  task: "train" | "plan",
  args: readonly string[],
): Promise<PipelineCommand | undefined> {
  const language = detectLanguage(args);
  const messages = messagesIn(language);
  const first = args[0];
  const given = first === undefined || first.startsWith("-") ? "quickstart" : first;
  const rest = given === first ? args.slice(1) : args;
  const { name, pipeline } = await loadPipeline(given, messages);
  const common = commonFlags(messages);
  const flags = pipelineFlags(pipeline, given, common, messages);
  const parsed = parseCommand(rest, {
    name: `deno task ${task}`,
    usage: `[NAME|FILE] [options]\n\n  NAME|FILE  ${messages.pipelineArgument}\n  ${
      messages.recipes(recipeNames().join(", "))
    }`,
    description: `${task === "train" ? messages.trainSummary : messages.planSummary}${
      pipeline.description ? `\n\n${name}: ${pipeline.description}` : ""
    }`,
    groups: [
      { heading: messages.pipelineOptions(name), flags },
      { heading: messages.commonOptions, flags: common },
    ],
  }, language);
  if (parsed.wantsHelp) {
    console.log(parsed.help);
    return undefined;
  }
  const own = new Set(flags.map(({ field }) => field));
  const options = Object.fromEntries(Object.entries(parsed.values).filter(([field]) => own.has(field)));
  for (const flag of flags) {
    if (flag.required && options[flag.field] === undefined) {
      throw new UsageError(
        `${messages.missingFlag(`--${flag.name}`)}. ${messages.seeHelp(`deno task ${task} ${given}`)}`,
      );
    }
  }
  const { values } = parsed;
  return {
    name,
    pipeline,
    options,
    cacheDir: values["cacheDir"] as string | undefined ?? ".vicuna",
    outputPath: values["outputPath"] as string | undefined ?? join("vicuna-output", name),
    json: values["json"] === true,
    trustCache: values["trustCache"] === true,
    language,
  };
}

/** An error of a pipeline's options in terms of its flags; any other as it is. */
export function asFlagError(error: unknown, { name, language }: PipelineCommand): unknown {
  if (!(error instanceof PipelineOptionsError)) return error;
  const lines = error.issues.map(({ path, message }) => `  --${kebabCase(path.map(String).join("."))}: ${message}`);
  return new UsageError(`${messagesIn(language).badOptions(name)}\n${lines.join("\n")}`);
}
