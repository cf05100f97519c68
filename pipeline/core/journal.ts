import type { Step } from "./graph.ts";
import { cloneJson, findJsonFault, type JsonObject } from "./json.ts";
import type { Manifest } from "./manifest.ts";
import type { RunObserver } from "./observer.ts";
import { type LoggedStage, newRunId, type RunRecord, writeRun } from "./run_log.ts";
import type { StageResult } from "./stage_result.ts";
import { describeReason } from "./explain.ts";

/** Writes the history of a run as it goes on. A history that cannot be written is no reason to fail. */
export class Journal implements RunObserver {
  readonly #cacheDir: string;
  readonly #stages: LoggedStage[] = [];
  #run: RunRecord;

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

  async settled(step: Step, { device, meta }: Manifest, result: StageResult): Promise<void> {
    const { stage, key, digest, status, durationMs, reason } = result;
    this.#stages.push({
      stage,
      name: step.node.stage.name,
      key,
      digest,
      status,
      durationMs: Math.round(durationMs),
      ...(reason === undefined ? {} : { because: describeReason(reason) }),
      meta,
      params: step.node.params,
      ...(device === undefined ? {} : { device }),
    });
    await this.#write();
  }

  async ended(status: "done" | "failed" | "stopped"): Promise<void> {
    this.#run = { ...this.#run, status, endedAt: new Date().toISOString() };
    await this.#write();
  }

  async #write(): Promise<void> {
    await writeRun(this.#cacheDir, { ...this.#run, stages: this.#stages }).catch(() => {});
  }
}
