// The log of a training, wherever it lies: in a published result, in one that grows, or in a checkpoint.
import { join } from "@std/path";
import { growingResult, publishedResult, type RunRecord, scratchOfKey } from "../../../pipeline/core/upkeep.ts";
import type { LogLine, TrainingView } from "../page/wire.ts";
import { findStage, type FoundStage } from "./runs.ts";

interface FoundLog {
  readonly source: TrainingView["source"];
  readonly lines: readonly LogLine[];
  readonly total?: number;
}

/** The log of a training of a run, from a line on. */
export async function viewOfTraining(
  cacheDir: string,
  run: RunRecord,
  stage: string | undefined,
  from: number,
): Promise<TrainingView> {
  const found = findStage(run, "trainings", stage);
  const log = await publishedLog(cacheDir, found) ?? await growingLog(cacheDir, found) ??
    await checkpointLog(cacheDir, found) ?? { source: "none", lines: [] };
  const progress = run.current?.stage === found.stage ? run.current.progress : undefined;
  const steps = progress?.unit === "steps" ? progress : undefined;
  const total = steps?.total ?? log.total;
  const done = Math.max(steps?.done ?? 0, Number(log.lines.at(-1)?.["step"] ?? 0));
  const begin = from <= log.lines.length ? from : 0;
  return {
    ...{ stage: found.stage, from: begin, lines: log.lines.slice(begin), done, source: log.source },
    ...(total !== undefined && total > 0 && { total }),
  };
}

async function publishedLog(cacheDir: string, { name, key }: FoundStage): Promise<FoundLog | undefined> {
  const entry = await publishedResult(cacheDir, name, key);
  if (entry === undefined) return undefined;
  const lines = await readLines(join(entry.dir, "trainer_log.jsonl"));
  return { source: "result", lines: lines ?? [], ...await lengthIn(entry.dir) };
}

async function growingLog(cacheDir: string, { name, key }: FoundStage): Promise<FoundLog | undefined> {
  const folder = await growingResult(cacheDir, name, key);
  if (folder === undefined) return undefined;
  const lines = await readLines(join(folder, "trainer_log.jsonl"));
  return lines && { source: "growing", lines };
}

/** What an interrupted training has kept: the log of its newest checkpoint. */
async function checkpointLog(cacheDir: string, { name, key }: FoundStage): Promise<FoundLog | undefined> {
  const folder = await scratchOfKey(cacheDir, name, key);
  if (folder === undefined) return undefined;
  let newest = -1;
  for await (const { name } of Deno.readDir(folder)) {
    newest = Math.max(newest, Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? -1));
  }
  const state = await readJson(join(folder, `checkpoint-${newest}`, "trainer_state.json"));
  const lines = state?.["log_history"];
  return Array.isArray(lines) ? { source: "checkpoint", lines: lines as LogLine[], ...lengthOf(state) } : undefined;
}

async function lengthIn(folder: string): Promise<{ total?: number }> {
  return lengthOf(await readJson(join(folder, "trainer_state.json")));
}

function lengthOf(state: Record<string, unknown> | undefined): { total?: number } {
  const total = state?.["max_steps"];
  return typeof total === "number" ? { total } : {};
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : JSON.parse(text) as Record<string, unknown>;
}

/** The lines that are whole: the last one may just be being written. */
async function readLines(path: string): Promise<LogLine[] | undefined> {
  const text = await readText(path);
  return text?.split("\n").slice(0, -1).map((line) => JSON.parse(line) as LogLine);
}

/** A file's text; undefined when it is not there, or no longer. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
