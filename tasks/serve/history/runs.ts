// Runs of pipelines as the page shows them, made of what the cache's history says.
import { readRuns, type RunRecord, standingOf } from "../../../pipeline/core/upkeep.ts";
import { ApiError } from "../api_error.ts";
import type { RunSummary, RunView, StageView } from "../page/wire.ts";

/** Stages whose results the page can open, by what they are. */
const STAGES = { trainings: ["train", "train_full"], merges: ["merge"], tokenised: ["tokenize"] } as const;

/** A stage of a run, found by its name in the pipeline. */
export interface FoundStage {
  readonly stage: string;
  /** Name of the stage itself. */
  readonly name: string;
  readonly key: string;
  readonly params?: RunRecord["stages"][number]["params"];
}

/** The newest runs that merge, tokenise or train, as a list. */
export async function listRuns(cacheDir: string, limit = 50): Promise<RunSummary[]> {
  const shown: readonly string[] = Object.values(STAGES).flat();
  const runs = (await readRuns(cacheDir)).filter((run) => namesIn(run).some((name) => shown.includes(ownName(name))));
  return runs.slice(0, limit).map(summary);
}

/**
 * The record of a run.
 *
 * @throws {ApiError} 404 when there is none of this id
 */
export async function findRun(cacheDir: string, id: string): Promise<RunRecord> {
  const run = (await readRuns(cacheDir)).find((each) => each.id === id);
  if (run === undefined) throw new ApiError(404, `there is no run ${id}`, { param: "id" });
  return run;
}

/** The stage of a run that has a name in its pipeline; the first one of a kind that was begun when none is named. */
export function findStage(run: RunRecord, kind: keyof typeof STAGES, stage: string | undefined): FoundStage {
  const reached = new Set([...run.stages, ...(run.current ? [run.current] : [])].map(({ stage }) => stage));
  const wanted = stage ?? stagesOf(run, kind).find((name) => reached.has(name));
  const logged = run.stages.find((each) => each.stage === wanted);
  const current = run.current?.stage === wanted ? run.current : undefined;
  const found = logged ?? (current && { ...current, name: ownName(current.stage) });
  if (found === undefined || !STAGES[kind].some((name) => name === found.name)) {
    throw new ApiError(404, `run ${run.id} has no such stage${wanted === undefined ? "" : `: ${wanted}`}`);
  }
  return found;
}

/** A run with its stages. */
export function viewOfRun(run: RunRecord): RunView {
  return {
    ...summary(run),
    options: run.options,
    ...(run.failure !== undefined && { failure: run.failure }),
    stages: namesIn(run).map((name) => viewOfStage(run, name)),
    trainings: stagesOf(run, "trainings"),
    merges: stagesOf(run, "merges"),
    tokenised: stagesOf(run, "tokenised"),
  };
}

function summary(run: RunRecord): RunSummary {
  const { id, pipeline, startedAt, endedAt, seenAt } = run;
  return {
    id,
    pipeline,
    status: standingOf(run),
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(seenAt !== undefined && { seenAt }),
  };
}

function viewOfStage(run: RunRecord, stage: string): StageView {
  const logged = run.stages.find((each) => each.stage === stage);
  if (logged !== undefined) {
    const { status, because, reason, durationMs, device, params, meta } = logged;
    return {
      ...{ stage, state: status, durationMs, params, meta },
      ...(because !== undefined && { because }),
      ...(reason !== undefined && { reason }),
      ...(device !== undefined && { device }),
    };
  }
  const live = standingOf(run) === "running";
  // It may have failed before it began, as where a file is missing.
  const failed = run.status === "failed" && run.failure?.stage === stage;
  if (run.current?.stage !== stage) return { stage, state: failed ? "failed" : live ? "waiting" : "not-reached" };
  const { because, reason, startedAt, progress } = run.current;
  const state = failed ? "failed" : live ? "running" : "interrupted";
  return { stage, state, because, reason, startedAt, ...(progress && { progress }) };
}

/** Names in the pipeline of all stages: those that are planned, or as far as the run came. */
function namesIn({ planned, stages }: RunRecord): readonly string[] {
  return planned ?? stages.map(({ stage }) => stage);
}

/** Names of the stages of a kind. */
function stagesOf(run: RunRecord, kind: keyof typeof STAGES): string[] {
  return namesIn(run).filter((name) => STAGES[kind].some((own) => own === ownName(name)));
}

/** `train#2` is the second `train` of its pipeline. */
function ownName(stage: string): string {
  return stage.replace(/#\d+$/, "");
}
