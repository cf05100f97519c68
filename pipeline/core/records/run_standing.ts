/** What a run says of itself. `running` also stays on a run whose process was killed. */
export type RunStatus = "running" | "done" | "failed" | "stopped";

/** Why a run did not come to its end. */
export interface RunFailure {
  /** Name in the pipeline of the stage that failed or was stopped; absent where it was none, such as a copy of the results. */
  readonly stage?: string;
  /** What went wrong, in the words of the error, shortened. */
  readonly message: string;
}

/** How a run stands. `silent` is one that says it runs, but has given no sign of life for a while: it may have been killed. */
export type RunStanding = RunStatus | "silent";

/** A run that has given no sign of life for so long may have been killed. */
const SILENT_MS = 60_000;

/** How a run stands now. One that was asked to stop, and has been silent since, was ended before it could say so. */
export function standingOf({ status, seenAt, failure }: {
  readonly status: RunStatus;
  readonly seenAt?: string;
  readonly failure?: RunFailure;
}): RunStanding {
  if (status !== "running") return status;
  if (seenAt !== undefined && Date.now() - Date.parse(seenAt) <= SILENT_MS) return "running";
  return failure === undefined ? "silent" : "stopped";
}
