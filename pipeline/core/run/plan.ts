import type { Change, Reason } from "../explain.ts";
import { diffRecords } from "../explain.ts";
import { isStep, type Step } from "../stage/graph.ts";
import { explainMiss, nearestRecord } from "./miss.ts";
import { type Expectation, ForesightKeeper } from "./foresight.ts";
import type { Pipeline, Targets } from "../stage/pipeline.ts";
import { keyOf } from "../record.ts";
import type { PartialRecord } from "./resolver.ts";
import type { z } from "../stage/schema.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";

/** What a run would do about one stage. */
export type PlannedStage =
  | {
    /** Its result is in the cache. */
    readonly status: "cached";
    /** Name in the pipeline. */
    readonly stage: string;
    /** Its key. */
    readonly key: string;
    /** How long it took when it was computed, in milliseconds. */
    readonly durationMs: number;
  }
  | {
    /** Its result is in the shared cache, and would be copied from there. */
    readonly status: "shared";
    /** Name in the pipeline. */
    readonly stage: string;
    /** Its key. */
    readonly key: string;
    /** Length of its files. */
    readonly bytes: number;
  }
  | {
    /** It would be computed. */
    readonly status: "would-run";
    /** Name in the pipeline. */
    readonly stage: string;
    /** Its key. */
    readonly key: string;
    /** Why. */
    readonly reason: Reason;
    /** What is wrong with its result in the shared cache, if there is one, or with the cache. */
    readonly sharedFault?: string;
    /** What it expects of its run. */
    readonly expects: Expectation;
  }
  | {
    /** Stages before it would be computed; whether it follows depends on what they give. */
    readonly status: "waits";
    /** Name in the pipeline. */
    readonly stage: string;
    /** The stages whose results it waits for. */
    readonly waitsFor: readonly string[];
    /** What differs from the last run already, whatever the stages before give. */
    readonly changes: readonly Change[];
    /** What it would expect of its run. */
    readonly expects: Expectation;
  };

/** What a run of a pipeline would do. */
export interface Plan {
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** Every stage, in the order in which they would be dealt with. */
  readonly stages: readonly PlannedStage[];
}

/**
 * Says what running a pipeline would do, and why, by the same decisions, without doing it. Computes and publishes
 * nothing; reads the user's files and the cache, and manifests of the shared cache.
 *
 * @throws {PipelineError} as `runPipeline` does.
 */
export async function planPipeline<Options extends z.ZodObject, T extends Targets>(
  pipeline: Pipeline<Options, T>,
  options: SessionOptions = {},
): Promise<Plan> {
  const session = await openSession(pipeline as unknown as Pipeline, options);
  const stages: PlannedStage[] = [];
  const byKey = new Map<string, PlannedStage>();
  const foresight = new ForesightKeeper(session);
  for (const step of session.graph.steps) stages.push(await planStep(step, session, byKey, foresight));
  await session.index.save().catch(() => {});
  return { pipeline: session.name, stages };
}

async function planStep(
  step: Step,
  session: Session,
  byKey: Map<string, PlannedStage>,
  foresight: ForesightKeeper,
): Promise<PlannedStage> {
  const { resolver, store, remote, verify, largeFileBytes, signal } = session;
  signal.throwIfAborted();
  const partial = await resolver.record(step);
  if (partial.unknown.size > 0) {
    return { ...await planWaiting(step, partial, session), expects: await foresight.of(step, partial.record) };
  }
  const key = keyOf(partial.record);
  const found = await store.lookup(step.node.stage.name, key, { verify, largeFileBytes, signal });
  if (found.state === "hit") {
    resolver.setResult(step, found.entry);
    return { status: "cached", stage: step.name, key, durationMs: found.entry.manifest.durationMs };
  }
  const twin = byKey.get(key);
  if (twin !== undefined) {
    return { status: "waits", stage: step.name, waitsFor: [twin.stage], changes: [], expects: {} };
  }
  let sharedFault: string | undefined;
  const shared = await remote?.find(step.node.stage.name, key, signal, (fault) => sharedFault = fault);
  if (shared !== undefined) {
    const { dir } = store.entryOf(shared);
    resolver.setResult(step, { dir, manifest: shared });
    const bytes = shared.files.reduce((sum, { size }) => sum + size, 0);
    return { status: "shared", stage: step.name, key, bytes };
  }
  const reason = await explainMiss(step.name, partial, found, session);
  const planned: PlannedStage = {
    status: "would-run",
    stage: step.name,
    key,
    reason,
    ...(sharedFault !== undefined && { sharedFault }),
    expects: await foresight.of(step, partial.record),
  };
  byKey.set(key, planned);
  return planned;
}

async function planWaiting(step: Step, partial: PartialRecord, session: Session) {
  const { record, sources, unknown } = partial;
  const waitsFor = new Set<string>();
  for (const name of unknown) {
    const from = step.inputs.get(name)?.from;
    if (from !== undefined && isStep(from)) waitsFor.add(from.name);
  }
  const earlier = await nearestRecord(step.name, record, session);
  const changes = earlier === undefined ? [] : diffRecords(earlier, record, sources, unknown);
  return { status: "waits" as const, stage: step.name, waitsFor: [...waitsFor], changes };
}
