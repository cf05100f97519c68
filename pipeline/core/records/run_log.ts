import { join } from "@std/path";
import type { Reason } from "../explain.ts";
import { isAbsent, writeFileAtomically } from "../files.ts";
import { isPlainObject, type JsonObject } from "../json.ts";
import type { RunFailure, RunStatus } from "./run_standing.ts";
import type { Progress } from "../stage/stage_spec.ts";

/** What a run did about one stage. */
export interface LoggedStage {
  /** Name in the pipeline. */
  readonly stage: string;
  /** Name of the stage itself. */
  readonly name: string;
  readonly key: string;
  readonly digest: string;
  readonly status: "ran" | "cached" | "fresh";
  readonly durationMs: number;
  /** Why it ran, in English. */
  readonly because?: string;
  /** The same, to be told in any language. */
  readonly reason?: Reason;
  /** What the stage returned. */
  readonly meta: JsonObject;
  readonly params: JsonObject;
  /** The device that computed it. */
  readonly device?: string;
}

/** The stage that a run computes. */
export interface CurrentStage {
  /** Name in the pipeline. */
  readonly stage: string;
  readonly key: string;
  /** Why it has to run, in English. */
  readonly because: string;
  /** The same, to be told in any language. */
  readonly reason: Reason;
  /** ISO 8601. */
  readonly startedAt: string;
  /** How far it has come, as far as it told. */
  readonly progress?: Progress;
}

/** One run of a pipeline, as the history keeps it. */
export interface RunRecord {
  readonly format: 1;
  /** Sorts by time, and names the run: `20261124-084812345-a3f9`. */
  readonly id: string;
  readonly pipeline: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly status: RunStatus;
  /** Options as they were given. */
  readonly options: JsonObject;
  readonly stages: readonly LoggedStage[];
  /** Names of all stages, in the order in which they are dealt with. */
  readonly planned?: readonly string[];
  /** The stage that is computed now, or was when the run ended. */
  readonly current?: CurrentStage;
  /** The last sign of life (ISO 8601); while a run goes on there is one every few seconds. */
  readonly seenAt?: string;
  /** Why it failed or was stopped. */
  readonly failure?: RunFailure;
  /** Its results are kept by every clean-up. */
  readonly pinned?: boolean;
}

const folderOf = (cacheDir: string) => join(cacheDir, "history");
const pathOf = (cacheDir: string, id: string) => join(folderOf(cacheDir), `${id}.json`);

/** Makes the id of a run that starts now. */
export function newRunId(now: Date = new Date()): string {
  const [day, time] = now.toISOString().split("T") as [string, string];
  return `${day.replaceAll("-", "")}-${time.slice(0, 12).replaceAll(/[:.]/g, "")}-${crypto.randomUUID().slice(0, 4)}`;
}

/** Writes a run's record, whole or not at all. */
export async function writeRun(cacheDir: string, run: RunRecord): Promise<void> {
  await writeFileAtomically(pathOf(cacheDir, run.id), `${JSON.stringify(run)}\n`);
}

/** All runs, the newest first; unreadable records are passed over. */
export async function readRuns(cacheDir: string): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  try {
    for await (const { name } of Deno.readDir(folderOf(cacheDir))) {
      if (!name.endsWith(".json")) continue;
      const run = parseRun(await Deno.readTextFile(join(folderOf(cacheDir), name)).catch(() => ""));
      if (run !== undefined) runs.push(run);
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  return runs.sort((a, b) => a.id < b.id ? 1 : -1);
}

function parseRun(text: string): RunRecord | undefined {
  try {
    const run: unknown = JSON.parse(text);
    const whole = isPlainObject(run) && run.format === 1 && typeof run.id === "string" &&
      typeof run.pipeline === "string" && Array.isArray(run.stages) && isPlainObject(run.options);
    return whole ? run as unknown as RunRecord : undefined;
  } catch {
    return undefined;
  }
}
