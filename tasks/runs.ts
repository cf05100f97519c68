// `deno task runs [diff A B|pin A|unpin A]`: the runs of the past, with what they were given and what came of it.
import Table from "cli-table3";
import { resolve } from "@std/path";
import { PipelineError } from "../pipeline/core/mod.ts";
import { readRuns, type RunRecord, type RunStanding, standingOf, writeRun } from "../pipeline/core/upkeep.ts";
import { z } from "../mod.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { formatDuration, formatNumber } from "./cli/render/format.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { diffRuns, metricsOf } from "./cli/run_metrics.ts";
import { CACHE_OPTIONS } from "./cli/options/shared_options.ts";
import { wrapToWidth } from "./cli/render/text_width.ts";
import { UsageError } from "./cli/usage_error.ts";

const language = detectLanguage(Deno.args);
const say = (en: string, zh: string) => language === "zh" ? zh : en;

const options = z.object({
  cacheDir: CACHE_OPTIONS.cacheDir,
  all: z.boolean().default(false).describe("list also what generate, chat, serve and export looked up").meta({
    zh: "也列出 generate、chat、serve 和 export 的查找",
  }),
  json: CACHE_OPTIONS.json,
  lang: CACHE_OPTIONS.lang,
});

const description = say(
  `Lists runs of pipelines, the newest first.

  diff A B           parameters and figures in which two runs differ
  pin A, unpin A     keeps the results of a run through every \`cache gc\`, or no longer

A run is its id, or the beginning of it; \`last\` is the newest.`,
  `列出流水线的运行记录，最新的在前。

  diff A B           两次运行不同的参数与指标
  pin A、unpin A     使某次运行的结果不被 \`cache gc\` 删除，或取消

运行以其编号或编号开头表示；\`last\` 为最新一次。`,
);

/** Pipelines that other tasks make to find a base in the cache; one of a user's may have such a name, but has options. */
const LOOKUPS = ["generate", "export"];

const isLookup = ({ pipeline, options }: RunRecord) => LOOKUPS.includes(pipeline) && Object.keys(options).length === 0;

function find(runs: readonly RunRecord[], name: string | undefined): RunRecord {
  if (name === undefined) throw new UsageError(say("runs: give the id of a run", "runs：请给出运行编号"));
  const found = name === "last" ? runs.slice(0, 1) : runs.filter(({ id }) => id.startsWith(name));
  if (found.length === 1) return found[0]!;
  throw new PipelineError(
    found.length === 0 ? say(`there is no run ${name}`, `没有运行 ${name}`) : say(
      `${name} is the beginning of ${found.length} runs: ${found.map(({ id }) => id).join(", ")}`,
      `${name} 对应 ${found.length} 次运行：${found.map(({ id }) => id).join("、")}`,
    ),
  );
}

const STATUS: Readonly<Record<RunStanding, readonly [en: string, zh: string]>> = {
  running: ["running", "进行中"],
  silent: ["no sign of life", "无响应"],
  done: ["done", "完成"],
  failed: ["failed", "失败"],
  stopped: ["stopped", "停止"],
};

/** At which stage a run ended that is not done, and why; undefined for a run that is done or goes on. */
function faultOf(run: RunRecord): string | undefined {
  const { failure, current, seenAt = run.startedAt } = run;
  const stage = failure?.stage ?? current?.stage;
  const at = (en: string, zh: string) =>
    stage === undefined ? say(en, zh) : say(`${en} at ${stage}`, `${zh}于 ${stage}`);
  switch (standingOf(run)) {
    case "failed":
      return at("failed", "失败") + (failure === undefined ? "" : say(": ", "：") + failure.message);
    case "stopped":
      return at("stopped", "停止");
    case "silent":
      return say(`last sign of life ${seenAt}`, `最后一次响应 ${seenAt}`) +
        at(", it may have been killed", "，可能已终止");
    default:
      return undefined;
  }
}

/** Columns of the table, with a space on either side. */
const [OPTIONS_WIDTH, FIGURES_WIDTH] = [34, 50];

/** A cell whose words, paths among them, are cut where they are wider than it. */
const wrapped = (content: string, width: number) => ({
  content: wrapToWidth(content, width - 2),
  wrapOnWordBoundary: false,
});

function list(runs: readonly RunRecord[]): void {
  const table = new Table({
    head: [
      say("run", "运行"),
      say("pipeline", "流水线"),
      say("status", "状态"),
      say("time", "用时"),
      say("options", "选项"),
      say("figures, or why it ended", "指标或结束原因"),
    ],
    style: { head: [], border: [] },
    colWidths: [null, null, null, null, OPTIONS_WIDTH, FIGURES_WIDTH],
    wordWrap: true,
  });
  for (const run of runs) {
    const { id, pipeline, startedAt, endedAt, pinned } = run;
    const time = endedAt === undefined ? "" : formatDuration(Date.parse(endedAt) - Date.parse(startedAt));
    const figures = Object.entries(metricsOf(run)).map(([name, value]) => `${name} ${formatNumber(value)}`);
    const given = Object.entries(run.options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    table.push([
      pinned ? `${id} *` : id,
      pipeline,
      say(...STATUS[standingOf(run)]),
      time,
      wrapped(given.join(", "), OPTIONS_WIDTH),
      wrapped([faultOf(run), figures.join(", ")].filter(Boolean).join("\n"), FIGURES_WIDTH),
    ]);
  }
  console.log(`${table}`);
  if (runs.some(({ pinned }) => pinned)) console.log(say("* pinned", "* 已固定"));
}

await runMain(language, async () => {
  const parsed = parseCommand(Deno.args, {
    task: "runs",
    usage: "[list|diff A B|pin A|unpin A] [options]",
    description,
    groups: [{ heading: say("Options:", "选项："), flags: flagsOf(options) }],
    operands: { name: "COMMAND", required: false },
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const { cacheDir: folder, json, all } = checkValues(options, parsed.values, "runs", language);
  const cacheDir = resolve(folder);
  const known = await readRuns(cacheDir);
  const runs = all ? known : known.filter((run) => !isLookup(run));
  const [command, a, b] = parsed.operands;
  if (command === undefined || command === "list") return json ? console.log(JSON.stringify(runs)) : list(runs);
  if (command === "pin" || command === "unpin") {
    const { pinned: _, ...run } = find(runs, a);
    await writeRun(cacheDir, { ...run, ...(command === "pin" && { pinned: true }) });
    return console.log(
      command === "pin"
        ? say(`pinned ${run.id}`, `已固定 ${run.id}`)
        : say(`unpinned ${run.id}`, `已取消固定 ${run.id}`),
    );
  }
  if (command !== "diff") {
    throw new UsageError(
      say(
        `runs: wanted list, diff, pin or unpin, found ${command}`,
        `runs：需要 list、diff、pin 或 unpin，实际为 ${command}`,
      ),
    );
  }
  const [before, after] = [find(runs, a), find(runs, b)];
  const differences = diffRuns(before, after);
  if (json) return console.log(JSON.stringify({ from: before.id, to: after.id, differences }));
  const table = new Table({ head: ["", before.id, after.id], style: { head: [], border: [] } });
  const cell = (value: unknown) =>
    typeof value === "number" ? formatNumber(value) : value === undefined ? "" : JSON.stringify(value);
  for (const { name, before, after } of differences) table.push([name, cell(before), cell(after)]);
  console.log(differences.length === 0 ? say("They do not differ.", "两者没有差别。") : `${table}`);
});
