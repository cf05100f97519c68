import type { StageStatus } from "../events.ts";
import type { Reason } from "../explain.ts";
import type { JsonObject } from "../json.ts";

/** The result of one stage of a run. */
export interface StageResult {
  /** Name of the stage in the pipeline, such as `evaluate#2`. */
  readonly stage: string;
  /** How it was come by. */
  readonly status: StageStatus;
  /** Key: SHA-256 of all that decides the result. */
  readonly key: string;
  /** Digest of the output. */
  readonly digest: string;
  /** Absolute path of the folder with the result's files, in the cache: read, do not write. */
  readonly dir: string;
  /** Files relative to the folder, with `/`. */
  readonly files: readonly string[];
  /** What the stage returned. */
  readonly meta: JsonObject;
  /** Time spent on it in this run, in milliseconds. */
  readonly durationMs: number;
  /** Why it ran, if it did. */
  readonly reason?: Reason;
}
