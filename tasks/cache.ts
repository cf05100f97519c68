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
import { cacheMessagesIn } from "./cache/messages.ts";
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
const messages = cacheMessagesIn(language);
const common = messagesIn(language);

const options = z.object({ keep: z.string().default("3"), dryRun: z.boolean().default(false), ...CACHE_OPTIONS });

type Options = z.output<typeof options>;

/** The entry that a user means. */
function find(entries: readonly CacheEntry[], name: string): CacheEntry {
  const found = entries.filter(({ manifest }) => manifest.key.startsWith(name) || manifest.stage === name);
  const keys = new Set(found.map(({ manifest }) => manifest.key));
  if (found[0] === undefined) throw new PipelineError(messages.noEntry(name));
  if (keys.size > 1 && found[0].manifest.stage !== name) {
    throw new PipelineError(messages.severalKeys(name, keys.size));
  }
  return found[0];
}

const short = (key: string) => key.slice(0, 10);

function age(iso: string): string {
  return formatDuration(Math.max(0, Date.now() - Date.parse(iso)), common);
}

async function list({ cacheDir, json }: Options): Promise<void> {
  const entries = await listCache(cacheDir);
  if (json) {
    console.log(JSON.stringify(entries.map(({ manifest, ...rest }) => ({ ...rest, ...manifest }))));
    return;
  }
  const table = new Table({
    head: [...messages.columns],
    style: { head: [], border: [] },
    colAligns: ["left", "left", "right", "right", "right", "left"],
    colWidths: [null, null, null, null, null, 50],
    wordWrap: true,
  });
  for (const { manifest, bytes, usedAt, pinned } of entries) {
    const { stage, key, durationMs, record, device } = manifest;
    const made = [JSON.stringify(record.params), device, pinned ? messages.pinned : undefined];
    table.push([
      stage,
      short(key),
      formatBytes(bytes),
      messages.ago(age(usedAt)),
      formatDuration(durationMs, common),
      made.filter((part) => part !== undefined).join(" · "),
    ]);
  }
  console.log(`${table}`);
  const leavings = (await listLeavings(cacheDir)).filter(({ bytes }) => bytes > 0);
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const left = leavings.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(
    messages.total(entries.length, formatBytes(total), leavings.length, formatBytes(left)),
  );
}

async function why(names: readonly string[], { cacheDir, json }: Options, signal: AbortSignal): Promise<void> {
  const [a, b] = names;
  if (a === undefined) {
    throw new UsageError(messages.whyWhat);
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
  if (other === undefined) return console.log(messages.noOther(one.stage));
  const changes = diffRecords(other.record, one.record);
  if (json) return console.log(JSON.stringify({ from: other.key, to: one.key, changes }));
  console.log(`${other.stage} ${short(other.key)} -> ${one.stage} ${short(one.key)}`);
  for (const change of changes) console.log(`  ${describeChange(change)}`);
}

async function whyPipeline(name: string, cacheDir: string, json: boolean, signal: AbortSignal): Promise<void> {
  const loaded = await loadPipeline(name, common);
  const { stages } = await planPipeline(loaded.pipeline, { name: loaded.name, cacheDir, signal });
  if (json) return console.log(JSON.stringify(stages));
  for (const stage of stages) {
    const reasons = stage.status === "cached"
      ? messages.cached
      : stage.status === "shared"
      ? messages.shared
      : stage.status === "would-run"
      ? describeReason(stage.reason)
      : [
        messages.dependsOn(stage.waitsFor),
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
    console.log(messages.verified(chosen.length, damaged.length));
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
  const stays = inUse === 0 ? "" : messages.inUse(inUse);
  console.log(
    dryRun ? messages.wouldFree(formatBytes(bytes), stays) : messages.freed(formatBytes(bytes), stays),
  );
}

async function remove(names: readonly string[], { cacheDir, dryRun }: Options): Promise<void> {
  if (names.length === 0) {
    throw new UsageError(messages.removeWhat);
  }
  const entries = await listCache(cacheDir);
  for (const { manifest } of names.map((name) => find(entries, name))) {
    const gone = await removeEntry(cacheDir, manifest, dryRun);
    console.log(`${gone ? "-" : messages.entryInUse} ${manifest.stage} ${short(manifest.key)}`);
    if (!gone) Deno.exitCode = 1;
  }
}

await runMain(language, async (signal) => {
  const parsed = parseCommand(Deno.args, {
    task: "cache",
    usage: "ls|why|verify|gc|rm [KEY...] [options]",
    description: messages.description,
    groups: [{ heading: common.optionsHeading, flags: flagsOf(options, { ...common.options, ...messages.options }) }],
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
        messages.unknownCommand(command),
      );
  }
});
