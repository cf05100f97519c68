import { z } from "zod";
import { calledAs } from "../options/called_as.ts";
import type { ErrorKind } from "../error_kind.ts";

/** Ways to lower what a training takes, in words. */
export type Choices = Readonly<Record<string, (value: number) => string>>;

const ENGLISH_CHOICES: Choices = {
  tokens: (value) => `${value} tokens a micro-batch`,
  keptLayers: (value) => `${value} layers keep their activations`,
  recomputedLayers: (value) => `${value} layers are computed again in backward`,
};

/** Who says how much memory there is (kernels/machine/memory.ts, or the person). */
const ENGLISH_SOURCES: Readonly<Record<string, string>> = {
  amdgpu: "by the card's driver",
  "nvidia-smi": "by nvidia-smi",
  sysctl: "by macOS",
  "free memory": "free on this machine",
  probe: "as much as the driver gave in a trial",
  assumed: "assumed: a card of 8 GB; --gpu-memory tells another",
  gpuMemory: "as set",
};

/** What the command line says in English, but for errors of the library. */
export const EN = {
  schemas: z.locales.en,
  optionsHeading: "Options:",
  options: {
    device: "device to compute on where there are several: its number or name in `doctor --devices`",
    cacheDir: "folder of the cache",
    json: "print JSON",
    jsonObject: "print one JSON object",
    jsonEvents: "print one JSON event a line instead of progress",
    lang: "language of messages",
  },
  noteSeparator: "; ",
  withNotes: (text: string, notes: string) => `${text} (${notes})`.trim(),
  plainWords: { stopping: "Stopping; Ctrl-C again ends at once.", stopped: "Stopped." },
  servingWords: { stopping: "Stopping. Ctrl-C again ends at once.", stopped: "Stopped." },
  keepWants: (found: string) => `--keep wants a number of runs (3), a time (7d, 12h) or a size (20GB), found ${found}`,
  foreign: {
    noTracking: "nothing is sent anywhere; trainer_log.jsonl and the page of `serve` show the run",
    oneDevice: "a training uses one GPU, and needs no launcher",
    kernelsChoose: "there is no such choice: products are float32, and --bits says how the base is kept",
    packed: "rows are packed without padding, so there is nothing to group",
    endsItself: "an answer always ends with the end token",
    bits8: "write --bits 8, the default",
    bits4: "write --bits 4",
    batchSize:
      "write --batch-size, the rows of an optimizer step; --micro-batch-size says how many are computed at once",
    microBatchSize: "write --micro-batch-size; --batch-size is the rows of an optimizer step",
    warmupSteps: "write --warmup-steps, a number of steps",
    goesOn: "the same command goes on from its newest checkpoint by itself",
  },
  flagOfOthers: (pipeline: string, flag: string, recipes: readonly string[], call: string) =>
    `${pipeline} has no option ${flag}. Recipes that have it: ${recipes.join(", ")}, as in \`${call} ${flag} …\``,
  talkToIt: (command: string) => `Talk to it: ${command}`,
  usage: "Usage:",
  /** What stands for values in a usage line, in this language. */
  usageWords: {} as Readonly<Record<string, string>>,
  /** What stands for the value of a flag. */
  placeholders: { number: "number", path: "path", text: "text" },
  /** Units of a duration. */
  units: { seconds: "s", minutes: "min", hours: "h" },
  pipelineOptions: (name: string) => `Options of ${name}:`,
  commonOptions: "Common options:",
  pipelineArgument: "a recipe, or the path of a pipeline file (default: quickstart)",
  recipes: (names: string) => `Recipes: ${names}`,
  trainSummary: "Runs a pipeline. Results are cached: what has not changed is not computed again.",
  planSummary: "Says what `train` would compute with the same arguments, and why. Computes nothing.",
  helpOption: "show this help",
  versionOption: "show the version of this program",
  outputPath: "folder for the results",
  overwrite: "replace an earlier result and lock; without it they are kept beside, as FOLDER.1",
  keptAside: (path: string, kept: string) =>
    `${path} held another result: it is kept as ${kept} (--overwrite replaces it)`,
  trustCache: "do not read cached files again to find damage",
  strict: "run each stage in a process that can read its declared inputs and nothing else",
  remoteCache: "folder or http(s) address of a cache shared with other machines, asked for what is missing here",
  remoteWrite: "also put what is computed here into the shared cache",
  locked: "take the options from vicuna.lock.json, and refuse whatever would give other results",
  default: (value: string) => `default: ${value}`,
  required: "required",
  choices: (values: string) => `one of ${values}`,
  repeatable: "repeatable",
  alias: (names: string) => `also ${names}`,
  defaultOutput: "vicuna-output/<pipeline>",
  localeDefault: "by locale",

  error: "error: ",
  errorLead: (_kind: ErrorKind): string | undefined => undefined, // the library's own words are English
  unknownFlag: (flag: string) => `unknown option ${flag}`,
  didYouMean: (name: string) => `did you mean ${name}?`,
  seeHelp: (task: string) => `\`${calledAs(task)} --help\` lists the options.`,
  missingValue: (flag: string) => `${flag} wants a value`,
  wantsNumber: (flag: string, found: string) => `${flag} wants a number, found ${found}`,
  wantsBoolean: (flag: string, found: string) => `${flag} is a switch: it takes true, false or nothing, found ${found}`,
  wantsOneOf: (flag: string, choices: string, found: string) => `${flag} wants one of ${choices}, found ${found}`,
  wants: (flag: string, wanted: string, found: string) => `${flag} wants ${wanted}, found ${found}`,
  wholeNumber: "a whole number",
  atLeast: (number: string) => `at least ${number}`,
  above: (number: string) => `more than ${number}`,
  atMost: (number: string) => `at most ${number}`,
  below: (number: string) => `less than ${number}`,
  missingFlag: (flag: string) => `${flag} is required`,
  extraArgument: (found: string, task: string, example: string | undefined) =>
    `unexpected argument ${found}: ` +
    (example === undefined
      ? `${task} takes options alone; \`${calledAs(task)} --help\` lists them.`
      : `the pipeline comes first, as in \`${calledAs(task)} ${example}\``),
  badOptions: (pipeline: string) => `The options do not fit ${pipeline}:`,
  unknownPipeline: (name: string, known: string) => `there is no recipe ${name}; there are: ${known}`,
  isFile: (name: string) => `For the file, write ${name}.`,
  cannotLoad: (path: string, why: string) => `loading ${path}: ${why}`,
  ownPackages: "The file imports a package that this project does not have. Give its folder a deno.json with " +
    '{ "imports": { "vicuna": "<this project>/mod.ts", "<package>": "npm:…" }, "unstable": ["webgpu"] } and run ' +
    "`deno run -A --config deno.json <this project>/tasks/train.ts FILE` there.",
  missingFile: (path: string) => `loading a pipeline: ${path} does not exist`,
  notAPipeline: (path: string) =>
    `loading ${path}: its default export must be a pipeline: export default pipeline({ options, build })`,
  reservedOption: (field: string, path: string) =>
    `loading ${path}: the option ${field} is one that every pipeline has; give it another name`,
  unsupportedOption: (field: string, path: string, found: string) =>
    `loading ${path}: the option ${field} cannot become a flag: wanted a number, a text, a switch, a choice, or a list of these, found ${found}`,

  ran: (time: string) => `ran ${time}`,
  cached: "cached",
  fresh: "same as before",
  because: (reason: string) => `because ${reason}`,
  starting: (reason: string) => `computing, because ${reason}`,
  waiting: "waiting for another process that computes the same",
  failed: "failed",
  stageStopped: "stopped",
  left: (time: string) => `${time} left`,
  endsIn: (time: string) => `stops in about ${time}`,
  warning: "warning",
  done: (counts: { ran: number; cached: number }, time: string) =>
    `${counts.ran} computed, ${counts.cached} from the cache, ${time}`,
  output: (dir: string) => `Results in ${dir}`,
  andMore: (count: number) => `and ${count} more`,
  lockWritten: (path: string) => `Lock written: ${path}`,
  noLock: (name: string, path: string) =>
    `${path} has no lock of ${name}: run \`${calledAs("train")}\` without --locked first`,
  notTheLocks: (path: string) =>
    `--locked takes the options from ${path}, and these would give other results: leave them out, or run without --locked ` +
    "to write a new lock.",
  otherThanLock: (flag: string, found: string | undefined, locked: string | undefined) =>
    `${flag} ${found}: the lock has ${locked ?? "none"}`,
  stopping: "Stopping after this step; finished stages are kept. Ctrl-C again ends at once.",
  stopped: "Stopped. The same command takes the finished stages from the cache and goes on with a training.",

  memory: (total: string, limit: string, source: string | undefined) =>
    `GPU memory ${total} of ${limit}${source === undefined ? "" : ` (${source})`}`,
  memorySource: (name: string) => ENGLISH_SOURCES[name] ?? name,
  memoryCategory: (name: string) => name,
  memoryChoice: (name: string, value: number) => ENGLISH_CHOICES[name]?.(value) ?? `${name} ${value}`,

  reasonFirst: "first run",
  reasonGone: "its result is no longer in the cache",
  reasonDamaged: (detail: string) => `its result in the cache was damaged: ${detail}`,
  change: (name: string, change: "changed" | "added" | "removed", source: string | undefined) =>
    `${name} ${change}${source === undefined ? "" : ` (${source})`}`,
  newLayout: "the cache has a new layout",

  planStage: "stage",
  planStatus: "status",
  planExpected: "as before",
  planWhy: "why",
  planCached: "cached",
  planRun: "would run",
  planWaits: "depends",
  planWaitsFor: (stages: string) => `on the result of ${stages}`,
  planDiffers: (waits: string, changes: string) => `${waits}; known so far: ${changes}`,
  planShared: "shared",
  planInShared: "in the shared cache, would be copied",
  planSharedFault: (fault: string) => `the shared cache cannot be used for it: ${fault}`,
  planSummaryLine: (run: number, waits: number, cached: number, shared: number) =>
    `${run} would run, ${waits} depend on them, ${cached} cached${shared > 0 ? `, ${shared} in the shared cache` : ""}`,
};

/** What the command line says: every language has every entry. */
export type Messages = typeof EN;
