// vicuna.lock.json: what a pipeline came to, so that another machine, or CI, can be held to it.
import { PipelineError } from "../errors.ts";
import { freeName } from "./earlier_result.ts";
import { describeChange, diffRecords } from "../explain.ts";
import { isAbsent, isUnreadable, writeFileAtomically } from "../files.ts";
import type { Step } from "../stage/graph.ts";
import { cloneJson, isPlainObject, type JsonObject } from "../json.ts";
import type { Manifest } from "../store/manifest.ts";
import type { RunObserver } from "../run/observer.ts";
import { keyOf, type KeyRecord } from "../record.ts";
import type { StageResult } from "../stage/stage_result.ts";

/** What one stage came to. */
export interface LockedStage {
  readonly key: string;
  /** What the key is made of, so that a drift can be told to the leaf. */
  readonly record: KeyRecord;
  /** Digest of the output. */
  readonly digest: string;
  /** What the stage returned: metrics among it. */
  readonly meta: JsonObject;
  /** The device that computed it; all that took part, joined by ` + `. */
  readonly device?: string;
}

/** What a pipeline came to. */
export interface LockedPipeline {
  /** Options as they were given. */
  readonly options: JsonObject;
  /** Deno that computed it. */
  readonly deno: string;
  /** By name in the pipeline, in order. */
  readonly stages: Readonly<Record<string, LockedStage>>;
}

/** A pipeline differs from its lock. */
export class LockDriftError extends PipelineError {
  /** Name of the class, for messages. */
  override readonly name: string = "LockDriftError";

  /** Names the stage and every leaf that differs. */
  constructor(readonly stage: string, readonly differences: readonly string[]) {
    super(
      `${stage} is not what the lock says: ${
        differences.join(", ")
      }. Nothing was computed for it; run without --locked ` +
        "to accept the change and write a new lock.",
      { kind: "drift" },
    );
  }
}

/**
 * Reads the pipelines of a lock file; none if there is no file.
 *
 * @throws {PipelineError} if the file is not a lock
 */
export async function readLockFile(path: string): Promise<Record<string, LockedPipeline>> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (isAbsent(error)) return {};
    if (isUnreadable(error)) throw new PipelineError(`reading ${path}: ${(error as Error).message}`, { cause: error });
    throw error;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new PipelineError(`reading ${path}: it is not JSON`);
  }
  if (!isPlainObject(parsed) || parsed.format !== 1 || !isPlainObject(parsed.pipelines)) {
    throw new PipelineError(`reading ${path}: wanted a lock of format 1, found another layout`);
  }
  const pipelines: Record<string, LockedPipeline> = {};
  for (const [name, locked] of Object.entries(parsed.pipelines)) {
    if (!isLockedPipeline(locked)) throw new PipelineError(`reading ${path}: what it says of ${name} is damaged`);
    pipelines[name] = locked;
  }
  return pipelines;
}

function isLockedPipeline(value: unknown): value is LockedPipeline {
  return isPlainObject(value) && isPlainObject(value.options) && isPlainObject(value.stages) &&
    Object.values(value.stages).every((stage) =>
      isPlainObject(stage) && isPlainObject(stage.record) && typeof stage.digest === "string" &&
      stage.key === keyOf(stage.record as unknown as KeyRecord)
    );
}

/** What became of a lock file: whether it changed, and where the earlier one was kept. */
export interface WrittenLock {
  readonly changed: boolean;
  readonly kept?: string;
}

/**
 * Writes what a pipeline came to into a lock file, beside what the file says of other pipelines.
 *
 * @param keep a lock that says something else of this pipeline is kept as `PATH.1`, or the next number that is free
 */
export async function writeLockFile(
  path: string,
  name: string,
  locked: LockedPipeline,
  { keep = false }: { keep?: boolean } = {},
): Promise<WrittenLock> {
  const pipelines = await readLockFile(path);
  const before = pipelines[name];
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(locked)) return { changed: false };
  const kept = keep && before !== undefined ? await freeName(path) : undefined;
  if (kept !== undefined) await Deno.copyFile(path, kept);
  const sorted = Object.fromEntries(
    Object.entries({ ...pipelines, [name]: locked }).sort(([a], [b]) => a < b ? -1 : 1),
  );
  await writeFileAtomically(path, `${JSON.stringify({ format: 1, pipelines: sorted }, null, 2)}\n`);
  return { changed: true, ...(kept !== undefined && { kept }) };
}

/** Collects what a run comes to. */
export class LockCollector implements RunObserver {
  readonly #stages: Record<string, LockedStage> = {};

  settled(_step: Step, { record, meta, device }: Manifest, { stage, key, digest }: StageResult): void {
    this.#stages[stage] = { key, record, digest, meta, ...(device === undefined ? {} : { device }) };
  }

  /** The pipeline as it came to be, for its lock. */
  locked(options: Readonly<Record<string, unknown>>): LockedPipeline {
    return { options: cloneJson(options) as JsonObject, deno: Deno.version.deno, stages: this.#stages };
  }
}

/** Stops a run as soon as a stage differs from the lock, before it is computed. */
export class LockCheck implements RunObserver {
  readonly #locked: LockedPipeline;

  /** Holds a run to this. */
  constructor(locked: LockedPipeline) {
    this.#locked = locked;
  }

  keyKnown(step: Step, record: KeyRecord, key: string): void {
    const locked = this.#locked.stages[step.name];
    if (locked === undefined) throw new LockDriftError(step.name, ["the lock has no such stage"]);
    if (locked.key === key) return;
    throw new LockDriftError(step.name, diffRecords(locked.record, record).map(describeChange));
  }

  settled(step: Step, { digest }: Manifest): void {
    const locked = this.#locked.stages[step.name];
    if (locked === undefined || locked.digest === digest) return;
    throw new LockDriftError(step.name, [
      `its output ${digest.slice(0, 12)} is not the locked ${locked.digest.slice(0, 12)}`,
    ]);
  }
}
