// What the server tells the page, in JSON. Types and nothing else, so that both sides can read them.
import type { Json, JsonObject } from "../../../pipeline/core/json.ts";
import type { Reason } from "../../../pipeline/core/explain.ts";
import type { RunFailure, RunStanding } from "../../../pipeline/core/records/run_standing.ts";
import type { Progress } from "../../../pipeline/core/stage/stage_spec.ts";
import type { TemplateName } from "../../../datasets/templates/templates.ts";
import type { Control } from "../../generation/control.ts";
import type { MergeReport } from "../../../datasets/merging/merge_report.ts";

/** Answer of GET /api/state: what there is to talk to and how. */
export interface ServerState {
  /** Name of the base model. */
  readonly model: string;
  /** Names of the loaded adapters. */
  readonly adapters: readonly string[];
  /** Most tokens of prompt and answer together. */
  readonly positions: number;
  /** The device that computes. */
  readonly device: string;
  /** Stands for the model, its adapters and the device: another server has another one. */
  readonly fingerprint: string;
  /** Templates that a request may name. */
  readonly templates: readonly TemplateName[];
  /** The template of requests that name none. */
  readonly template: TemplateName;
  readonly controls: readonly Control[];
  /** Whether answers are drawn by chance at first, as the model's publisher would have it. */
  readonly doSample: boolean;
  /** The language that the server was started in, such as `en`. */
  readonly language: string;
}

/** A run in a list. */
export interface RunSummary {
  readonly id: string;
  readonly pipeline: string;
  readonly status: RunStanding;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly seenAt?: string;
}

/** How a stage of a run stands. */
export type StageState = "ran" | "cached" | "fresh" | "running" | "waiting" | "not-reached" | "interrupted" | "failed";

/** A stage of a run. */
export interface StageView {
  /** Name in the pipeline, such as `train#2`. */
  readonly stage: string;
  readonly state: StageState;
  /** Why it had to run, in English; runs of earlier versions have no `reason`. */
  readonly because?: string;
  readonly reason?: Reason;
  readonly durationMs?: number;
  readonly startedAt?: string;
  readonly progress?: Progress;
  readonly device?: string;
  readonly params?: JsonObject;
  /** What came of it. */
  readonly meta?: JsonObject;
}

/** Answer of GET /api/runs/ID. */
export interface RunView extends RunSummary {
  readonly options: JsonObject;
  /** Why it failed or was stopped. */
  readonly failure?: RunFailure;
  readonly stages: readonly StageView[];
  /** Names of the stages that train, merge and tokenise, also of those that it has not come to. */
  readonly trainings: readonly string[];
  readonly merges: readonly string[];
  readonly tokenised: readonly string[];
}

/** A line of trainer_log.jsonl: numbers by name, and now and then samples. */
export type LogLine = Readonly<Record<string, Json>>;

/** Answer of GET /api/runs/ID/training: the log of a training from a line on. */
export interface TrainingView {
  readonly stage: string;
  /** Index of the first line given; not what was asked for when the log has become shorter. */
  readonly from: number;
  readonly lines: readonly LogLine[];
  /** Steps that are done and steps in all, as far as known. */
  readonly done: number;
  readonly total?: number;
  /** Where the lines come from: a result, one that grows, or the checkpoint of a run that was interrupted. */
  readonly source: "result" | "growing" | "checkpoint" | "none";
}

/** Answer of GET /api/runs/ID/merge. */
export interface MergeView {
  readonly stage: string;
  readonly report: MergeReport;
}

/** Answer of GET /api/runs/ID/tokens: what a split of tokenised rows holds. */
export interface TokensView {
  readonly stage: string;
  readonly split: "train" | "validation";
  readonly rows: number;
  readonly tokens: number;
  readonly labelledTokens: number;
  readonly longest: number;
  readonly truncated: number;
  readonly dropped: number;
  readonly tooLong: number;
  readonly maxTokens: number;
  readonly template: string;
  readonly trainOn: string;
  /** How many rows have `i * width + 1` to `(i + 1) * width` tokens. */
  readonly histogram: { readonly width: number; readonly counts: readonly number[] };
}

/** Tokens that stand for whole characters together, all under the loss or none of them. */
export interface TokenPiece {
  /** Empty for tokens that stand for no text. */
  readonly text: string;
  readonly ids: readonly number[];
  readonly labelled: boolean;
  /** The name of a control token, such as `</s>`. */
  readonly control?: string;
}

/** A row of tokens. */
export interface TokenRowView {
  /** Its place in the file. */
  readonly index: number;
  readonly length: number;
  readonly labelled: number;
  readonly pieces: readonly TokenPiece[];
}

/** In which order rows are shown. */
export type RowOrder = "file" | "longest" | "shortest";

/** Answer of GET /api/runs/ID/rows. */
export interface RowsView {
  readonly from: number;
  readonly total: number;
  /** False where the tokenizer is not in the cache: then the pieces have ids alone. */
  readonly hasText: boolean;
  readonly rows: readonly TokenRowView[];
}
