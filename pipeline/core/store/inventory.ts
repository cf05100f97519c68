// What lies in a cache, how much it takes, and taking it away again.
import { basename, join } from "@std/path";
import { isAbsent, removeQuietly } from "../files.ts";
import { leasedNames, passGate } from "./leases.ts";
import type { Manifest } from "./manifest.ts";
import { readRuns, type RunRecord } from "../records/run_log.ts";
import { Store } from "./store.ts";

/** A result in the cache. */
export interface CacheEntry {
  readonly manifest: Manifest;
  /** Length of its files. */
  readonly bytes: number;
  /** Start of the last run that used it, else when it was published (ISO 8601). */
  readonly usedAt: string;
  /** Whether a pinned run uses it. */
  readonly pinned: boolean;
}

/** Folders of a cache that hold no results. */
const LEAVINGS = ["staging", "scratch", "quarantine", "trash"] as const;

/**
 * The names that a cache gives to what it holds there, `<stage>-<key>-<random>`, and in `scratch/<stage>`. Whatever has
 * another name is not a cache's, and stays: a folder named by mistake (`--cache-dir .`) may have a `trash` of its own.
 */
const OWN_NAME = /-[0-9a-f]{64}-[0-9a-f-]{36}$/;
const SCRATCH_NAME = /^[0-9a-f]{64}(\.[0-9a-f-]{36}(\.free)?)?$/;

/** What a cache holds beside results. */
export interface Leaving {
  readonly kind: (typeof LEAVINGS)[number];
  /** Relative to its folder. */
  readonly name: string;
  readonly bytes: number;
}

/** All results of a cache, the latest used first. */
export async function listCache(cacheDir: string): Promise<CacheEntry[]> {
  const runs = await readRuns(cacheDir);
  const used = new Map<string, RunRecord>();
  const pinned = new Set<string>();
  for (const run of runs.toReversed()) {
    for (const { key } of run.stages) {
      used.set(key, run);
      if (run.pinned) pinned.add(key);
    }
  }
  const entries: CacheEntry[] = [];
  const store = new Store(cacheDir);
  for (const stage of await namesIn(join(cacheDir, "store"))) {
    for (const manifest of await store.manifests(stage, Infinity)) {
      const bytes = manifest.files.reduce((sum, file) => sum + file.size, 0);
      const usedAt = used.get(manifest.key)?.startedAt ?? manifest.createdAt;
      entries.push({ manifest, bytes, usedAt, pinned: pinned.has(manifest.key) });
    }
  }
  return entries.sort((a, b) => a.usedAt < b.usedAt ? 1 : a.usedAt > b.usedAt ? -1 : 0);
}

/** Reads every file of a result and compares it with what was published. Gives what is wrong, if anything is. */
export async function verifyEntry(
  cacheDir: string,
  { stage, key }: Manifest,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const found = await new Store(cacheDir).lookup(stage, key, { verify: true, signal });
  return found.state === "damaged" ? found.detail : found.state === "absent" ? "it is gone" : undefined;
}

/** Moves a result that was found damaged aside, so that the next run computes it again. */
export async function setAside(cacheDir: string, key: string): Promise<void> {
  const store = new Store(cacheDir);
  for (const stage of await namesIn(join(cacheDir, "store"))) await store.quarantine(stage, key);
}

/** What to keep in a clean-up. Pinned runs and what running processes use are always kept. */
export type Keep =
  | { readonly type: "runs"; /** So many newest runs of each pipeline. */ readonly count: number }
  | { readonly type: "age"; /** What was used within so many milliseconds. */ readonly ms: number }
  | { readonly type: "size"; /** The latest used, up to so many bytes. */ readonly bytes: number };

/** What a clean-up takes away, or would. */
export interface CleanUp {
  readonly entries: readonly CacheEntry[];
  readonly leavings: readonly Leaving[];
  readonly bytes: number;
  /** What stays because running processes use it. */
  readonly inUse: number;
}

/** Takes away what is not to be kept; with `dryRun` only says what that is. */
export async function cleanUp(cacheDir: string, keep: Keep, dryRun: boolean): Promise<CleanUp> {
  const entries = await listCache(cacheDir);
  const kept = keptKeys(entries, await readRuns(cacheDir), keep);
  const removed: CacheEntry[] = [];
  const leavings: Leaving[] = [];
  let inUse = 0;
  for (const entry of entries.filter(({ manifest, pinned }) => !pinned && !kept.has(manifest.key))) {
    if (await removeEntry(cacheDir, entry.manifest, dryRun)) removed.push(entry);
    else inUse++;
  }
  // Listed before the leases are read: what a process makes is on its lease before it is there.
  const listed = await listLeavings(cacheDir);
  const live = await leasesNow(cacheDir);
  for (const leaving of listed) {
    const [key = ""] = basename(leaving.name).split(".");
    const { kind, name } = leaving;
    // A scratch folder holds the checkpoints of a run that was stopped: it stays as long as a result would.
    const stays = kind === "staging"
      ? live.has(`staging/${name}`)
      : kind === "scratch" && (live.has(key) || keep.type !== "size" && await isRecent(cacheDir, leaving, keep));
    if (stays) continue;
    leavings.push(leaving);
    if (!dryRun) await removeQuietly(join(cacheDir, kind, name));
  }
  const bytes = [...removed, ...leavings].reduce((sum, item) => sum + item.bytes, 0);
  return { entries: removed, leavings, bytes, inUse };
}

/** Takes a result away, unless a running process uses it. Says whether it did, or would. */
export async function removeEntry(cacheDir: string, { stage, key }: Manifest, dryRun: boolean): Promise<boolean> {
  const trash = join(cacheDir, "trash", `${stage}-${key}-${crypto.randomUUID()}`);
  {
    using _gate = await passGate(cacheDir, "cleaner");
    if ((await leasedNames(cacheDir)).has(key)) return false;
    if (dryRun) return true;
    await Deno.mkdir(join(cacheDir, "trash"), { recursive: true });
    // One rename: whoever looks for the result finds it whole or not at all.
    try {
      await Deno.rename(join(cacheDir, "store", stage, key), trash);
    } catch (error) {
      if (!isAbsent(error)) throw error; // another clean-up was quicker
    }
  }
  await removeQuietly(trash);
  return true;
}

async function leasesNow(cacheDir: string): Promise<Set<string>> {
  using _gate = await passGate(cacheDir, "cleaner");
  return await leasedNames(cacheDir);
}

function keptKeys(entries: readonly CacheEntry[], runs: readonly RunRecord[], keep: Keep): Set<string> {
  if (keep.type === "age") {
    const since = new Date(Date.now() - keep.ms).toISOString();
    return new Set(entries.filter(({ usedAt }) => usedAt >= since).map(({ manifest }) => manifest.key));
  }
  const kept = new Set<string>();
  if (keep.type === "size") {
    let left = keep.bytes;
    for (const { manifest, bytes } of entries) {
      if ((left -= bytes) < 0) break;
      kept.add(manifest.key);
    }
    return kept;
  }
  const counts = new Map<string, number>();
  for (const { pipeline, stages } of runs) {
    if (stages.length === 0) continue; // it came to nothing: it takes no other's place
    const count = (counts.get(pipeline) ?? 0) + 1;
    counts.set(pipeline, count);
    if (count <= keep.count) { for (const { key } of stages) kept.add(key); }
  }
  return kept;
}

/** Scratch younger than a week stays when results are kept by number of runs, and as long as they when by age. */
async function isRecent(cacheDir: string, { kind, name }: Leaving, keep: Keep): Promise<boolean> {
  const info = await Deno.stat(join(cacheDir, kind, name)).catch((error) => {
    if (isAbsent(error)) return undefined; // its run has just published and taken it away
    throw error;
  });
  const age = keep.type === "age" ? keep.ms : 7 * 24 * 3600_000;
  return (info?.mtime?.getTime() ?? 0) > Date.now() - age;
}

/** What lies in a cache beside results. */
export async function listLeavings(cacheDir: string): Promise<Leaving[]> {
  const found: Leaving[] = [];
  for (const kind of LEAVINGS) {
    for (const name of await namesIn(join(cacheDir, kind))) {
      // scratch/<stage>/<key>
      const names = kind === "scratch"
        ? (await namesIn(join(cacheDir, kind, name))).filter((key) => SCRATCH_NAME.test(key))
          .map((key) => `${name}/${key}`)
        : [name].filter((name) => OWN_NAME.test(name));
      for (const path of names) found.push({ kind, name: path, bytes: await sizeOf(join(cacheDir, kind, path)) });
    }
  }
  return found;
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(dir), ({ name }) => name)).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const info = await Deno.lstat(path);
    if (!info.isDirectory) return info.size;
    let sum = 0;
    for (const name of await namesIn(path)) sum += await sizeOf(join(path, name));
    return sum;
  } catch (error) {
    if (isAbsent(error)) return 0;
    throw error;
  }
}
