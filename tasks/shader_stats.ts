// deno task shader-stats: what the kernels become on graphics cards, without one.
import { fromFileUrl } from "@std/path";
import { z } from "../mod.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { CACHE_OPTIONS, JSON_OBJECT_OPTION } from "./cli/options/shared_options.ts";
import { STOP_WORDS } from "./cli/stop_words.ts";
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
  target: z.array(z.enum(names)).optional().describe("cards to compile for (those of the system's own driver)").meta({
    zh: "为哪些显卡编译（系统自带驱动所支持的）",
  }),
  all: z.boolean().default(false).describe("the cards of Debian 13's Mesa too (tests/drivers/unpack_mesa25.sh)").meta({
    zh: "也包括 Debian 13 的 Mesa 所支持的显卡（tests/drivers/unpack_mesa25.sh）",
  }),
  only: z.array(z.string().min(1)).optional().describe("kernels by a part of their names (all)").meta({
    zh: "按名称的一部分选择内核（全部）",
  }),
  compare: z.string().optional().describe("file with the JSON of an earlier run to compare with").meta({
    zh: "要比较的先前一次运行的 JSON 文件",
  }),
  save: z.string().optional().describe("folder to write each kernel's WGSL and instructions to").meta({
    zh: "写入每个内核的 WGSL 和指令的文件夹",
  }),
  check: z.boolean().default(false).describe("fail where a kernel does not keep its line of limits.json").meta({
    zh: "内核超出 limits.json 中的限度时以失败结束",
  }),
  pin: z.boolean().default(false).describe("tighten the lines of limits.json to what was found; loosens none").meta({
    zh: "把 limits.json 的限度收紧到本次结果，从不放松",
  }),
  ...CACHE_OPTIONS,
  ...JSON_OBJECT_OPTION,
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

await runMain(detectLanguage(Deno.args), async (signal) => {
  const language = detectLanguage(Deno.args);
  const words = statsWords(language);
  const parsed = parseCommand(Deno.args, {
    task: "shader-stats",
    usage: "[options]",
    description: words.description,
    groups: [{ heading: language === "zh" ? "选项：" : "Options:", flags: flagsOf(options) }],
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
}, STOP_WORDS[detectLanguage(Deno.args)]);
