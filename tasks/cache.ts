// `deno task cache ls|why|verify|gc|rm`: what the cache holds, why results differ, and taking away what is not needed.
import Table from "cli-table3";
import { resolve } from "@std/path";
import { describeChange, describeReason, PipelineError, planPipeline } from "../pipeline/core/mod.ts";
import {
  type CacheEntry,
  cleanUp,
  diffRecords,
  listCache,
  listLeavings,
  removeEntry,
  verifyEntry,
} from "../pipeline/core/upkeep.ts";
import { z } from "../mod.ts";
import { checkValues } from "./cli/options/check_values.ts";
import { parseCommand } from "./cli/command.ts";
import { flagsOf } from "./cli/options/flags.ts";
import { formatDuration } from "./cli/render/format.ts";
import { parseKeep } from "./cli/keep.ts";
import { detectLanguage } from "./cli/language.ts";
import { loadPipeline } from "./cli/load_pipeline.ts";
import { runMain } from "./cli/main.ts";
import { formatBytes } from "./cli/render/memory_lines.ts";
import { messagesIn } from "./cli/messages.ts";
import { CACHE_OPTIONS } from "./cli/options/shared_options.ts";
import { UsageError } from "./cli/usage_error.ts";

const language = detectLanguage(Deno.args);
const say = (en: string, zh: string) => language === "zh" ? zh : en;

const options = z.object({
  keep: z.string().default("3").describe(
    "gc: what stays besides pinned runs: the newest runs of each pipeline (3), what was used lately (7d, 12h), or a size (20GB)",
  ).meta({ zh: "gc：除固定的运行外保留什么：每条流水线最近几次运行（3）、最近用过的（7d、12h），或总大小（20GB）" }),
  dryRun: z.boolean().default(false).describe("gc, rm: only say what would go").meta({
    zh: "gc、rm：只说明会删除什么",
  }),
  ...CACHE_OPTIONS,
});

const description = say(
  `Looks into the cache and cleans it.

  ls                 entries with size, age, time they took, and what made them
  why A [B]          every difference between two entries, to the leaf; of one entry and its nearest; or, for a pipeline (a recipe or a file), why its stages would run
  verify [KEY...]    reads every file again and compares it with what was published
  gc                 takes away what --keep does not keep, and what killed runs left behind
  rm KEY...          takes entries away

A KEY is its first characters, or the name of a stage for its latest entry.`,
  `查看并清理缓存。

  ls                 列出条目：大小、时间、计算用时、来源
  why A [B]          两个条目之间的全部差别，精确到每个参数；只给一个时与最接近的条目比较；给出流水线（配方或文件）时说明各步为何需要计算
  verify [KEY...]    重新读取全部文件，与发布时比较
  gc                 删除 --keep 不保留的条目，以及被中断的运行留下的文件
  rm KEY...          删除条目

KEY 为键的开头若干字符，或步骤名（表示其最新条目）。`,
);

type Options = z.output<typeof options>;

/** The entry that a user means. */
function find(entries: readonly CacheEntry[], name: string): CacheEntry {
  const found = entries.filter(({ manifest }) => manifest.key.startsWith(name) || manifest.stage === name);
  const keys = new Set(found.map(({ manifest }) => manifest.key));
  if (found[0] === undefined) throw new PipelineError(say(`no entry ${name} in the cache`, `缓存中没有条目 ${name}`));
  if (keys.size > 1 && found[0].manifest.stage !== name) {
    throw new PipelineError(
      say(`${name} is the beginning of ${keys.size} keys: give more`, `${name} 对应 ${keys.size} 个键，请多写几个字符`),
    );
  }
  return found[0];
}

const short = (key: string) => key.slice(0, 10);

function age(iso: string): string {
  return formatDuration(Math.max(0, Date.now() - Date.parse(iso)));
}

async function list({ cacheDir, json }: Options): Promise<void> {
  const entries = await listCache(cacheDir);
  if (json) {
    console.log(JSON.stringify(entries.map(({ manifest, ...rest }) => ({ ...rest, ...manifest }))));
    return;
  }
  const table = new Table({
    head: [
      say("stage", "步骤"),
      say("key", "键"),
      say("size", "大小"),
      say("used", "上次使用"),
      say("took", "用时"),
      say("params", "参数"),
    ],
    style: { head: [], border: [] },
    colAligns: ["left", "left", "right", "right", "right", "left"],
    colWidths: [null, null, null, null, null, 50],
    wordWrap: true,
  });
  for (const { manifest, bytes, usedAt, pinned } of entries) {
    const { stage, key, durationMs, record, device } = manifest;
    const made = [JSON.stringify(record.params), device, pinned ? say("pinned", "已固定") : undefined];
    table.push([
      stage,
      short(key),
      formatBytes(bytes),
      say(`${age(usedAt)} ago`, `${age(usedAt)} 前`),
      formatDuration(durationMs),
      made.filter((part) => part !== undefined).join(" · "),
    ]);
  }
  console.log(`${table}`);
  const leavings = (await listLeavings(cacheDir)).filter(({ bytes }) => bytes > 0);
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const left = leavings.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(
    say(
      `${entries.length} entries, ${
        formatBytes(total)
      }; ${leavings.length} pieces of work that goes on or was stopped, ${formatBytes(left)}`,
      `${entries.length} 个条目，${formatBytes(total)}；进行中或中断的工作 ${leavings.length} 项，${formatBytes(left)}`,
    ),
  );
}

async function why(names: readonly string[], { cacheDir, json }: Options, signal: AbortSignal): Promise<void> {
  const [a, b] = names;
  if (a === undefined) {
    throw new UsageError(say("cache why: give a key, a stage, or a pipeline", "cache why：请给出键、步骤或流水线"));
  }
  const entries = await listCache(cacheDir);
  const isEntry = entries.some(({ manifest }) => manifest.key.startsWith(a) || manifest.stage === a);
  if (!isEntry && b === undefined) return await whyPipeline(a, cacheDir, json, signal);
  const one = find(entries, a).manifest;
  const others = entries.map(({ manifest }) => manifest).filter(({ stage, key }) =>
    stage === one.stage && key !== one.key
  );
  const other = b === undefined
    ? others.toSorted((x, y) => diffRecords(x.record, one.record).length - diffRecords(y.record, one.record).length)[0]
    : find(entries, b).manifest;
  if (other === undefined) return console.log(say(`${one.stage} has no other entry`, `${one.stage} 没有别的条目`));
  const changes = diffRecords(other.record, one.record);
  if (json) return console.log(JSON.stringify({ from: other.key, to: one.key, changes }));
  console.log(`${other.stage} ${short(other.key)} -> ${one.stage} ${short(one.key)}`);
  for (const change of changes) console.log(`  ${describeChange(change)}`);
}

async function whyPipeline(name: string, cacheDir: string, json: boolean, signal: AbortSignal): Promise<void> {
  const loaded = await loadPipeline(name, messagesIn(language));
  const { stages } = await planPipeline(loaded.pipeline, { name: loaded.name, cacheDir, signal });
  if (json) return console.log(JSON.stringify(stages));
  for (const stage of stages) {
    const reasons = stage.status === "cached"
      ? say("cached", "已缓存")
      : stage.status === "shared"
      ? say("in the shared cache", "在共享缓存中")
      : stage.status === "would-run"
      ? describeReason(stage.reason)
      : [
        say(`depends on ${stage.waitsFor.join(", ")}`, `取决于 ${stage.waitsFor.join("、")}`),
        ...stage.changes.map(describeChange),
      ].join("; ");
    console.log(`${stage.stage}: ${reasons}`);
  }
}

async function verify(names: readonly string[], { cacheDir, json }: Options, signal: AbortSignal): Promise<void> {
  const entries = await listCache(cacheDir);
  const chosen = names.length === 0 ? entries : names.map((name) => find(entries, name));
  const damaged: { stage: string; key: string; detail: string }[] = [];
  for (const { manifest } of chosen) {
    signal.throwIfAborted();
    const detail = await verifyEntry(cacheDir, manifest, signal);
    if (detail !== undefined) damaged.push({ stage: manifest.stage, key: manifest.key, detail });
    if (!json) {
      console.log(
        `${detail === undefined ? "✓" : "✗"} ${manifest.stage} ${short(manifest.key)}  ${detail ?? ""}`.trimEnd(),
      );
    }
  }
  if (json) console.log(JSON.stringify({ verified: chosen.length, damaged }));
  else {
    console.log(
      say(
        `${chosen.length} entries read, ${damaged.length} damaged; a damaged one is set aside and computed again when it is needed`,
        `已读取 ${chosen.length} 个条目，损坏 ${damaged.length} 个；损坏的条目在需要时会被移开并重新计算`,
      ),
    );
  }
  if (damaged.length > 0) Deno.exitCode = 1;
}

async function collect({ cacheDir, keep, dryRun, json }: Options): Promise<void> {
  const { entries, leavings, bytes, inUse } = await cleanUp(cacheDir, parseKeep(keep, language), dryRun);
  if (json) {
    const gone = entries.map(({ manifest: { stage, key }, bytes }) => ({ stage, key, bytes }));
    return console.log(JSON.stringify({ dryRun, entries: gone, leavings, bytes, inUse }));
  }
  for (const { manifest, bytes } of entries) {
    console.log(`- ${manifest.stage} ${short(manifest.key)}  ${formatBytes(bytes)}`);
  }
  for (const { kind, name, bytes } of leavings) console.log(`- ${kind}/${name}  ${formatBytes(bytes)}`);
  const stays = inUse === 0
    ? ""
    : say(`; ${inUse} stay because a running process uses them`, `；${inUse} 个正在使用，保留`);
  console.log(
    dryRun
      ? say(`would free ${formatBytes(bytes)}${stays}`, `将释放 ${formatBytes(bytes)}${stays}`)
      : say(`freed ${formatBytes(bytes)}${stays}`, `已释放 ${formatBytes(bytes)}${stays}`),
  );
}

async function remove(names: readonly string[], { cacheDir, dryRun }: Options): Promise<void> {
  if (names.length === 0) {
    throw new UsageError(say("cache rm: give the keys to take away", "cache rm：请给出要删除的键"));
  }
  const entries = await listCache(cacheDir);
  for (const { manifest } of names.map((name) => find(entries, name))) {
    const gone = await removeEntry(cacheDir, manifest, dryRun);
    console.log(`${gone ? "-" : say("in use:", "正在使用：")} ${manifest.stage} ${short(manifest.key)}`);
    if (!gone) Deno.exitCode = 1;
  }
}

await runMain(language, async (signal) => {
  const parsed = parseCommand(Deno.args, {
    task: "cache",
    usage: "ls|why|verify|gc|rm [KEY...] [options]",
    description,
    groups: [{ heading: say("Options:", "选项："), flags: flagsOf(options) }],
    operands: { name: "COMMAND", required: true },
  }, language);
  if (parsed.wantsHelp) return console.log(parsed.help);
  const given = checkValues(options, parsed.values, "cache", language);
  const values = { ...given, cacheDir: resolve(given.cacheDir) };
  const [command, ...names] = parsed.operands;
  switch (command) {
    case "ls":
      return await list(values);
    case "why":
      return await why(names, values, signal);
    case "verify":
      return await verify(names, values, signal);
    case "gc":
      return await collect(values);
    case "rm":
      return await remove(names, values);
    default:
      throw new UsageError(
        say(
          `cache: wanted ls, why, verify, gc or rm, found ${command}`,
          `cache：需要 ls、why、verify、gc 或 rm，实际为 ${command}`,
        ),
      );
  }
});
