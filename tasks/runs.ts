// `deno task runs [diff A B|pin A|unpin A]`: the runs of the past, with what they were given and what came of it.
import Table from "cli-table3";
import { resolve } from "@std/path";
import { PipelineError } from "../pipeline/core/mod.ts";
import { readRuns, type RunRecord, standingOf, writeRun } from "../pipeline/core/upkeep.ts";
import { z } from "../mod.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { formatDuration, formatNumber } from "./cli/render/format.ts";
import { detectLanguage } from "./cli/language.ts";
import { runMain } from "./cli/main.ts";
import { diffRuns, metricsOf } from "./cli/run_metrics.ts";
import { messagesIn } from "./cli/messages.ts";
import { CACHE_OPTIONS } from "./cli/options/shared_options.ts";
import { wrapToWidth } from "./cli/render/text_width.ts";
import { UsageError } from "./cli/usage_error.ts";
import { runsMessagesIn } from "./runs/messages.ts";

const language = detectLanguage(Deno.args);
const messages = runsMessagesIn(language);
const common = messagesIn(language);

const options = z.object({
  cacheDir: CACHE_OPTIONS.cacheDir,
  all: z.boolean().default(false),
  json: CACHE_OPTIONS.json,
  lang: CACHE_OPTIONS.lang,
});

/** Pipelines that other tasks make to find a base in the cache; one of a user's may have such a name, but has options. */
const LOOKUPS = ["generate", "export"];

const isLookup = ({ pipeline, options }: RunRecord) => LOOKUPS.includes(pipeline) && Object.keys(options).length === 0;

function find(runs: readonly RunRecord[], name: string | undefined): RunRecord {
  if (name === undefined) throw new UsageError(messages.noId);
  const found = name === "last" ? runs.slice(0, 1) : runs.filter(({ id }) => id.startsWith(name));
  if (found.length === 1) return found[0]!;
  throw new PipelineError(
    found.length === 0 ? messages.noRun(name) : messages.severalRuns(name, found.map(({ id }) => id)),
  );
}

/** At which stage a run ended that is not done, and why; undefined for a run that is done or goes on. */
function faultOf(run: RunRecord): string | undefined {
  const { failure, current, seenAt = run.startedAt } = run;
  const stage = failure?.stage ?? current?.stage;
  switch (standingOf(run)) {
    case "failed":
      return messages.failedAt(stage, failure?.message);
    case "stopped":
      return messages.stoppedAt(stage);
    case "silent":
      return messages.silentAt(stage, seenAt);
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
    head: [...messages.columns],
    style: { head: [], border: [] },
    colWidths: [null, null, null, null, OPTIONS_WIDTH, FIGURES_WIDTH],
    wordWrap: true,
  });
  for (const run of runs) {
    const { id, pipeline, startedAt, endedAt, pinned } = run;
    const time = endedAt === undefined ? "" : formatDuration(Date.parse(endedAt) - Date.parse(startedAt), common);
    const figures = Object.entries(metricsOf(run)).map(([name, value]) => `${name} ${formatNumber(value)}`);
    const given = Object.entries(run.options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    table.push([
      pinned ? `${id} *` : id,
      pipeline,
      messages.statuses[standingOf(run)],
      time,
      wrapped(given.join(", "), OPTIONS_WIDTH),
      wrapped([faultOf(run), figures.join(", ")].filter(Boolean).join("\n"), FIGURES_WIDTH),
    ]);
  }
  console.log(`${table}`);
  if (runs.some(({ pinned }) => pinned)) console.log(messages.pinnedMark);
}

await runMain(language, async () => {
  const parsed = parseCommand(Deno.args, {
    task: "runs",
    usage: "[list|diff A B|pin A|unpin A] [options]",
    description: messages.description,
    groups: [{ heading: common.optionsHeading, flags: flagsOf(options, { ...common.options, ...messages.options }) }],
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
    return console.log(command === "pin" ? messages.pinned(run.id) : messages.unpinned(run.id));
  }
  if (command !== "diff") {
    throw new UsageError(messages.unknownCommand(command));
  }
  const [before, after] = [find(runs, a), find(runs, b)];
  const differences = diffRuns(before, after);
  if (json) return console.log(JSON.stringify({ from: before.id, to: after.id, differences }));
  const table = new Table({ head: ["", before.id, after.id], style: { head: [], border: [] } });
  const cell = (value: unknown) =>
    typeof value === "number" ? formatNumber(value) : value === undefined ? "" : JSON.stringify(value);
  for (const { name, before, after } of differences) table.push([name, cell(before), cell(after)]);
  console.log(differences.length === 0 ? messages.noDifference : `${table}`);
});
