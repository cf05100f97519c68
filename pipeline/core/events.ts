import type { Reason } from "./explain.ts";
import type { JsonObject } from "./json.ts";
import type { MemoryUse, Progress } from "./stage/stage_spec.ts";

/** How a stage's result was come by. */
export type StageStatus =
  /** Computed now. */
  | "ran"
  /** Taken from the store, found whole. */
  | "cached"
  /** The same key was already dealt with in this run; nothing was looked up again. */
  | "fresh";

/** What a run tells while it goes on. `stage` is the stage's name in the pipeline, such as `evaluate#2`. */
export type PipelineEvent =
  | {
    /** The graph is known; nothing has been computed. */
    readonly type: "pipeline-start";
    /** Name of the pipeline. */
    readonly pipeline: string;
    /** All stages, in the order in which they will be dealt with. */
    readonly stages: readonly string[];
  }
  | {
    /** A stage begins to compute. */
    readonly type: "stage-start";
    /** Its name. */
    readonly stage: string;
    /** Its key. */
    readonly key: string;
    /** Why it has to compute. */
    readonly reason: Reason;
    /** The reason in English. */
    readonly because: string;
  }
  | {
    /** Another process computes the same key; its result will be taken. */
    readonly type: "stage-waiting";
    /** Name of the stage that waits. */
    readonly stage: string;
    /** Its key. */
    readonly key: string;
  }
  | ({
    /** How far a stage has come. Sent at most ten times a second; the last one always. */
    readonly type: "stage-progress";
    /** Its name. */
    readonly stage: string;
    /** Since it began to compute. */
    readonly elapsedMs: number;
  } & Progress)
  | {
    /** A stage, or the runner about a stage, has something to say. */
    readonly type: "stage-log";
    /** Its name. */
    readonly stage: string;
    /** How serious it is. */
    readonly level: "info" | "warn";
    /** What it says. */
    readonly message: string;
  }
  | {
    /** A stage says what memory of a device it takes. */
    readonly type: "stage-memory";
    /** Its name. */
    readonly stage: string;
    /** The memory. */
    readonly memory: MemoryUse;
  }
  | {
    /** A stage has opened the device that it computes on. */
    readonly type: "stage-device";
    /** Its name. */
    readonly stage: string;
    /** Name of the device, as the manifest of the result has it. */
    readonly device: string;
    /** What is known of the device, if anything. */
    readonly facts: JsonObject;
  }
  | {
    /** A stage's result is there. */
    readonly type: "stage-end";
    /** Its name. */
    readonly stage: string;
    /** How the result was come by. */
    readonly status: StageStatus;
    /** Its key. */
    readonly key: string;
    /** Digest of its output. */
    readonly digest: string;
    /** Absolute path of the folder with the result's files. */
    readonly dir: string;
    /** What was spent on it now, in milliseconds. */
    readonly durationMs: number;
    /** Why it ran, if it did. */
    readonly reason?: Reason;
    /** The reason in English. */
    readonly because?: string;
  }
  | {
    /** A stage failed or was stopped; nothing of it was published and the run ends. */
    readonly type: "stage-failed";
    /** Its name. */
    readonly stage: string;
    /** What went wrong. */
    readonly message: string;
    /** Whether it was stopped by the user of the run, and nothing is wrong with it. */
    readonly stopped: boolean;
  }
  | {
    /** All targets are there. */
    readonly type: "pipeline-end";
    /** Name of the pipeline. */
    readonly pipeline: string;
    /** Whole time, in milliseconds. */
    readonly durationMs: number;
    /** Number of stages by how their results were come by. */
    readonly counts: Readonly<Record<StageStatus, number>>;
  }
  | {
    /** The files of the targets were copied to where the user wants them. */
    readonly type: "output-written";
    /** Absolute path of the folder. */
    readonly dir: string;
    /** Files written, relative to the folder. */
    readonly files: readonly string[];
  }
  | {
    /** What the pipeline came to was written into its lock file, which said something else or nothing before. */
    readonly type: "lock-written";
    /** Absolute path of the file. */
    readonly path: string;
  };
