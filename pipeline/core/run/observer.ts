import type { PipelineEvent } from "../events.ts";
import type { Step } from "../stage/graph.ts";
import type { KeyRecord } from "../record.ts";
import type { StageResult } from "../stage/stage_result.ts";
import type { Manifest } from "../store/manifest.ts";

/** Something that follows a run from inside. */
export interface RunObserver {
  /** Something happens, as the run's caller is told it. */
  event?(event: PipelineEvent): void;
  /** A step's key is known; nothing has been done about it. What this throws ends the run. */
  keyKnown?(step: Step, record: KeyRecord, key: string): void;
  /** A step has its result. What this throws ends the run. */
  settled?(step: Step, manifest: Manifest, result: StageResult): Promise<void> | void;
  /** The run is asked to stop; it may be ended before it has. */
  stopping?(reason: unknown): void;
  /** The run has ended; why, unless it is done. */
  ended?(status: "done" | "failed" | "stopped", why?: unknown): Promise<void> | void;
}
