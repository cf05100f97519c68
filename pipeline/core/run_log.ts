import { join } from "@std/path";
import type { Reason } from "./explain.ts";
import { isAbsent, writeFileAtomically } from "./files.ts";
import { isPlainObject, type JsonObject } from "./json.ts";
import type { Progress } from "./stage_spec.ts";

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

/** Why a run did not come to its end. */
export interface RunFailure {
  /** Name in the pipeline of the stage that failed or was stopped; absent where it was none, such as a copy of the results. */
  readonly stage?: string;
  /** What went wrong, in the words of the error, shortened. */
  readonly message: string;
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
  /** `running` also stays on a run whose process was killed. */
  readonly status: "running" | "done" | "failed" | "stopped";
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

/** How a run stands. `silent` is one that says it runs, but has given no sign of life for a while: it may have been killed. */
export type RunStanding = RunRecord["status"] | "silent";

/** A run that has given no sign of life for so long may have been killed. */
const SILENT_MS = 60_000;

/** How a run stands now. One that was asked to stop, and has been silent since, was ended before it could say so. */
export function standingOf({ status, seenAt, failure }: Pick<RunRecord, "status" | "seenAt" | "failure">): RunStanding {
  if (status !== "running") return status;
  if (seenAt !== undefined && Date.now() - Date.parse(seenAt) <= SILENT_MS) return "running";
  return failure === undefined ? "silent" : "stopped";
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
