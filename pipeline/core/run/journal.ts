import type { PipelineEvent } from "../events.ts";
import type { Step } from "../stage/graph.ts";
import { cloneJson, findJsonFault, type JsonObject } from "../json.ts";
import type { Manifest } from "../store/manifest.ts";
import type { RunObserver } from "./observer.ts";
import { type LoggedStage, newRunId, type RunRecord, writeRun } from "../records/run_log.ts";
import type { RunFailure } from "../records/run_standing.ts";
import type { StageResult } from "../stage/stage_result.ts";
import { describeReason } from "../explain.ts";

/** Progress is written so often, if there is any, */
const PROGRESS_MS = 2_000;
/** and a run that tells nothing so often, as a sign of life. */
const SIGN_MS = 10_000;

/** Characters that are kept of an error's message. */
const MESSAGE_LENGTH = 500;

/**
 * Writes the history of a run as it goes on, so that other processes can follow it. A history that cannot be written is no
 * reason to fail.
 */
export class Journal implements RunObserver {
  readonly #cacheDir: string;
  readonly #stages: LoggedStage[] = [];
  #run: RunRecord;
  /** The writing that goes on, if one does. */
  #writing: Promise<void> | undefined;
  /** There is something that has not been written. */
  #changed = false;
  #writtenAt = -Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Name of the stage that failed or was stopped. */
  #failed: string | undefined;

  /** For a run that starts now. */
  constructor(cacheDir: string, pipeline: string, options: Readonly<Record<string, unknown>>) {
    this.#cacheDir = cacheDir;
    this.#run = {
      format: 1,
      id: newRunId(),
      pipeline,
      startedAt: new Date().toISOString(),
      status: "running",
      options: findJsonFault(options) === undefined ? cloneJson(options) as JsonObject : {},
      stages: [],
    };
  }

  event(event: PipelineEvent): void {
    switch (event.type) {
      case "pipeline-start":
        this.#run = { ...this.#run, planned: event.stages };
        this.#timer = setInterval(() => this.#tick(), PROGRESS_MS);
        this.#timer.unref();
        return;
      case "stage-start": {
        const { stage, key, because, reason } = event;
        this.#run = { ...this.#run, current: { stage, key, because, reason, startedAt: new Date().toISOString() } };
        return void this.#write();
      }
      case "stage-progress": {
        const { current } = this.#run;
        if (current?.stage !== event.stage) return;
        const { type: _, stage: _stage, elapsedMs: _elapsed, ...progress } = event;
        this.#run = { ...this.#run, current: { ...current, progress } };
        this.#changed = true;
        return;
      }
      case "stage-failed":
        this.#failed = event.stage;
        return;
      default:
        return;
    }
  }

  async settled(step: Step, { device, meta }: Manifest, result: StageResult): Promise<void> {
    const { stage, key, digest, status, durationMs, reason } = result;
    this.#stages.push({
      stage,
      name: step.node.stage.name,
      key,
      digest,
      status,
      durationMs: Math.round(durationMs),
      ...(reason === undefined ? {} : { because: describeReason(reason), reason }),
      meta,
      params: step.node.params,
      ...(device === undefined ? {} : { device }),
    });
    const { current: _, ...run } = this.#run;
    this.#run = run;
    await this.#write();
  }

  stopping(reason: unknown): void {
    this.#run = { ...this.#run, failure: failureAt(this.#run.current?.stage, reason) };
    void this.#write();
  }

  async ended(status: "done" | "failed" | "stopped", why?: unknown): Promise<void> {
    clearInterval(this.#timer);
    const { failure: _, ...run } = this.#run;
    const failure = status === "done" ? {} : { failure: failureAt(this.#failed, why) };
    this.#run = { ...run, status, endedAt: new Date().toISOString(), ...failure };
    await this.#write();
  }

  #tick(): void {
    if (this.#changed || performance.now() - this.#writtenAt >= SIGN_MS) void this.#write();
  }

  /** Writes the run as it is now. One writing at a time, so that an older state never replaces a newer one. */
  #write(): Promise<void> {
    this.#changed = true;
    return this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#changed) {
      this.#changed = false;
      this.#writtenAt = performance.now();
      const seenAt = new Date().toISOString();
      await writeRun(this.#cacheDir, { ...this.#run, stages: this.#stages, seenAt }).catch(() => {});
    }
    this.#writing = undefined;
  }
}

function failureAt(stage: string | undefined, error: unknown): RunFailure {
  const text = error instanceof Error ? error.message || error.name : String(error);
  const message = text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)} …` : text;
  return { ...(stage !== undefined && { stage }), message };
}
