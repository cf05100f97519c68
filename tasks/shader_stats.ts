// deno task shader-stats: what the kernels become on graphics cards, without one.
import { fromFileUrl } from "@std/path";
import { z } from "../mod.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { messagesIn } from "./cli/messages.ts";
import { CACHE_OPTIONS } from "./cli/options/shared_options.ts";
import { stopWords } from "./cli/stop_words.ts";
import { UsageError } from "./cli/usage_error.ts";
import { compareReports } from "./shader_stats/compare.ts";
import { compileOn } from "./shader_stats/compile.ts";
import { shaderDigest } from "./shader_stats/launches/shaders.ts";
import { judge, judgedTargets, limitsText, pinLimits, type StatsLimits, statsLimits } from "./shader_stats/limits.ts";
import { type StatsWords, statsWords } from "./shader_stats/messages.ts";
import { readReport } from "./shader_stats/read_report.ts";
import type { StatsReport } from "./shader_stats/report.ts";
import { differenceTable, faultLine, targetTable } from "./shader_stats/tables.ts";
import { chooseTargets, systemTargets, unpackedTargets } from "./shader_stats/targets.ts";

const names = [...systemTargets(), ...unpackedTargets()].map(({ name }) => name) as [string, ...string[]];
const options = z.object({
  target: z.array(z.enum(names)).optional(),
  all: z.boolean().default(false),
  only: z.array(z.string().min(1)).optional(),
  compare: z.string().optional(),
  save: z.string().optional(),
  check: z.boolean().default(false),
  pin: z.boolean().default(false),
  ...CACHE_OPTIONS,
});

const limitsFile = fromFileUrl(new URL("shader_stats/limits.json", import.meta.url));

/** Prints which kernels do not keep their lines; false when there are any. */
function keepsLimits(report: StatsReport, limits: StatsLimits, words: StatsWords): boolean {
  const { judged, others } = judgedTargets(report, limits);
  for (const { target, version } of others) {
    console.error(words.limits.otherVersion(target, limits.version, version));
  }
  const faults = judged.map((each) => ({ target: each.target, found: judge(each, limits) }));
  for (const { target, found } of faults) {
    console.error(found.map((fault) => faultLine(fault, words)).join("\n") || words.limits.held(target));
  }
  return faults.every(({ found }) => found.length === 0);
}

const language = detectLanguage(Deno.args);

await runMain(language, async (signal) => {
  const common = messagesIn(language);
  const words = statsWords(language);
  const parsed = parseCommand(Deno.args, {
    task: "shader-stats",
    usage: "[options]",
    description: words.description,
    groups: [{
      heading: common.optionsHeading,
      flags: flagsOf(options, { ...common.options, json: common.options.jsonObject, ...words.options }),
    }],
    footer: words.footer,
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const { target: wanted, all, only, compare, save, check, pin, json, cacheDir } = checkValues(
    options,
    parsed.values,
    "shader-stats",
    language,
  );
  if (only && (check || pin)) throw new UsageError("--check and --pin want all kernels: leave out --only");
  const before = compare === undefined ? undefined : await readReport(compare);
  const { chosen, missing } = chooseTargets(wanted, all);
  for (const { name, missing: reason } of missing) console.error(words.missing(name, reason!));
  const targets = [];
  for (const target of chosen) {
    console.error(words.compiling(target.name));
    const found = await compileOn(target, { cacheDir, only, save, signal });
    targets.push(found);
    if (!json && found.kernels.length > 0) console.log(targetTable(found, words));
  }
  if (targets.every(({ kernels }) => kernels.length === 0)) {
    throw new UsageError(`--only wants parts of kernels' names, found none with ${only?.join(", ")}`);
  }
  const report: StatsReport = { digest: shaderDigest(), targets };
  const differences = before && compareReports(before, report);
  if (json) console.log(JSON.stringify({ ...report, ...(differences && { differences }) }));
  else {
    if (differences) console.log(`${words.compared(compare!)}\n${differenceTable(differences, words)}`);
    console.log(`${words.legend}\n${words.digest(report.digest)}`);
  }
  if (!check && !pin) return;
  let limits = statsLimits.parse(JSON.parse(await Deno.readTextFile(limitsFile)));
  if (pin) {
    limits = pinLimits(judgedTargets(report, limits).judged, limits);
    await Deno.writeTextFile(limitsFile, limitsText(limits));
    console.error(words.limits.pinned(limitsFile));
  }
  if (!keepsLimits(report, limits, words)) Deno.exitCode = 1;
}, stopWords(language));
