import type { PipelineEvent } from "../events.ts";
import type { Progress } from "../stage/stage_spec.ts";

const LEAST_GAP_MS = 100;

/** Lets through at most ten progress events a second, and always the last one. */
export class ProgressGate {
  readonly #stage: string;
  readonly #emit: (event: PipelineEvent) => void;
  readonly #started = performance.now();
  #lastSent = -Infinity;
  #held: Progress | undefined;

  /** Names the stage whose events pass. */
  constructor(stage: string, emit: (event: PipelineEvent) => void) {
    this.#stage = stage;
    this.#emit = emit;
  }

  /** Sends a progress, or holds it until a later one or {@link flush}. */
  report(progress: Progress): void {
    this.#held = progress;
    if (performance.now() - this.#lastSent >= LEAST_GAP_MS) this.flush();
  }

  /** Sends the progress that is held, if any. */
  flush(): void {
    if (this.#held === undefined) return;
    const elapsedMs = performance.now() - this.#started;
    this.#emit({ type: "stage-progress", stage: this.#stage, elapsedMs, ...this.#held });
    this.#held = undefined;
    this.#lastSent = performance.now();
  }
}
