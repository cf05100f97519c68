import { damageBehind, type DamagedInput } from "./damage.ts";
import { diskFull } from "./disk_full.ts";
import type { PipelineEvent, StageStatus } from "../events.ts";
import { describeReason, type Reason } from "../explain.ts";
import { exists, isDiskFull } from "../files.ts";
import { isStep, type Step } from "../stage/graph.ts";
import type { JsonObject } from "../json.ts";
import type { AnyKind, MetaOf } from "../stage/kind.ts";
import { Journal } from "./journal.ts";
import { Lease, NO_LOCKS } from "../store/leases.ts";
import { acquireLock } from "../store/lock.ts";
import { explainMiss } from "./miss.ts";
import type { RunObserver } from "./observer.ts";
import type { Pipeline, Targets } from "../stage/pipeline.ts";
import { keyOf } from "../record.ts";
import type { REF, RefTarget } from "../stage/ref.ts";
import type { PartialRecord } from "./resolver.ts";
import type { z } from "../stage/schema.ts";
import { openSession, placeOf, type Session, type SessionOptions } from "./session.ts";
import type { StageResult } from "../stage/stage_result.ts";
import { giveShared, takeShared } from "./shared_results.ts";
import { runStage } from "./stage_run.ts";
import type { Entry, Lookup } from "../store/store.ts";

/** How to run a pipeline. */
export interface RunOptions<T extends Targets = Targets> extends SessionOptions {
  /** Receives what happens, as it happens. */
  readonly onEvent?: (event: PipelineEvent) => void;
  /**
   * Whether two processes that need the same key wait for one another. Default true. Where the file system knows no
   * locks, both compute and the first to end publishes.
   */
  readonly lock?: boolean;
  /** Does something with the results, such as copying them, before a clean-up of the cache may take them away. */
  readonly use?: (result: RunResult<T>) => Promise<void> | void;
}

/** One wanted result of a run. */
export interface TargetResult<Meta = JsonObject> {
  /** Name of the stage that gave it. */
  readonly stage: string;
  /** How it was come by. */
  readonly status: StageStatus;
  /** Key of the result that it is, or is a part of. */
  readonly key: string;
  /** Digest of the files and the meta. */
  readonly digest: string;
  /** Absolute path of the folder with the files, in the cache: read, do not write. */
  readonly dir: string;
  /** Files relative to the folder, with `/`. */
  readonly files: readonly string[];
  /** SHA-256 of each file, as it was published. */
  readonly sha256: Readonly<Record<string, string>>;
  /** The record that belongs to it. */
  readonly meta: Meta;
}

/** The meta of what a ref stands for. */
export type MetaOfRef<R> = R extends { readonly [REF]: RefTarget<infer K extends AnyKind> } ? MetaOf<K> : JsonObject;

/** What a run gives back. */
export interface RunResult<T extends Targets = Targets> {
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** Every stage, in the order in which they were dealt with. */
  readonly stages: readonly StageResult[];
  /** What the pipeline's `build` returned, by name. */
  readonly targets: { readonly [N in keyof T]: TargetResult<MetaOfRef<T[N]>> };
}

/**
 * Runs a pipeline: each stage whose result is not in the cache is computed, one after another, each after all that it
 * needs.
 *
 * @throws {PipelineOptionsError} if the options do not fit.
 * @throws {PipelineError} if an input is missing or was edited meanwhile, or the disk is full.
 * @throws whatever a stage throws; nothing of that stage is published.
 *
 * @example
 * ```ts
 * import { alpaca, merge, pipeline, runPipeline, z } from "vicuna";
 *
 * const mine = pipeline({
 *   options: z.object({ data: z.string() }),
 *   build: ({ data }) => ({ rows: merge({ sources: [alpaca(data)], validation: 100 }) }),
 * });
 * const { targets } = await runPipeline(mine, { options: { data: "alpaca.json" }, cacheDir: ".vicuna" });
 * console.log(targets.rows.dir, targets.rows.meta.train);
 * ```
 */
export async function runPipeline<Options extends z.ZodObject, T extends Targets>(
  pipeline: Pipeline<Options, T>,
  options: RunOptions<T> = {},
): Promise<RunResult<T>> {
  return await runObserved(pipeline, options, []);
}

/** As {@link runPipeline}, with observers that follow the run from inside. */
export async function runObserved<Options extends z.ZodObject, T extends Targets>(
  pipeline: Pipeline<Options, T>,
  options: RunOptions<T>,
  observers: readonly RunObserver[],
): Promise<RunResult<T>> {
  const { name, cacheDir } = placeOf(pipeline, options);
  const journal = new Journal(cacheDir, name, options.options ?? {});
  const session = await openSession(pipeline as unknown as Pipeline, options).catch(async (error) => {
    // Options that do not fit, or a build that throws. They make no cache where there is none yet.
    if (await exists(cacheDir)) await journal.ended(options.signal?.aborted ? "stopped" : "failed", error);
    throw error;
  });
  const all = [journal, ...observers];
  const emit = (event: PipelineEvent) => {
    for (const observer of all) observer.event?.(event);
    options.onEvent?.(event);
  };
  const runner = new Runner(session, emit, options.lock ?? true, all);
  return await runner.run(options.use as RunOptions["use"]) as RunResult<T>;
}

class Runner {
  readonly #session: Session;
  readonly #emit: (event: PipelineEvent) => void;
  readonly #lock: boolean;
  readonly #observers: readonly RunObserver[];
  readonly #results = new Map<Step, StageResult>();
  /** Results of this run by key: two steps may come to the same key. */
  readonly #byKey = new Map<string, Entry>();
  #lease: Lease | undefined;

  constructor(
    session: Session,
    emit: (event: PipelineEvent) => void,
    lock: boolean,
    observers: readonly RunObserver[],
  ) {
    this.#observers = observers;
    this.#session = session;
    this.#emit = emit;
    this.#lock = lock;
  }

  async run(use: RunOptions["use"]): Promise<RunResult> {
    using lease = this.#lock ? await Lease.openIfLockable(this.#session.cacheDir) : undefined;
    this.#lease = lease;
    if (this.#lock && lease === undefined) this.#warn(this.#session.name, NO_LOCKS);
    const { signal } = this.#session;
    const stopping = () => void this.#tell((observer) => observer.stopping?.(signal.reason));
    signal.addEventListener("abort", stopping, { once: true });
    try {
      const result = await this.#run();
      await use?.(result);
      await this.#tell((observer) => observer.ended?.("done"));
      return result;
    } catch (error) {
      const [status, why] = signal.aborted ? ["stopped" as const, signal.reason] : ["failed" as const, error];
      await this.#tell((observer) => observer.ended?.(status, why));
      throw error;
    } finally {
      signal.removeEventListener("abort", stopping);
    }
  }

  async #tell(tell: (observer: RunObserver) => Promise<void> | void): Promise<void> {
    for (const observer of this.#observers) await tell(observer);
  }

  async #run(): Promise<RunResult> {
    const started = performance.now();
    const { name: pipeline, graph, index, resolver } = this.#session;
    this.#emit({ type: "pipeline-start", pipeline, stages: graph.steps.map((step) => step.name) });
    await this.#each((step) => resolver.expectInputs(step));
    await this.#each((step) => this.#dealWith(step).finally(() => index.save().catch(() => {})));
    const targets: Record<string, TargetResult> = {};
    for (const [name, input] of graph.targets) {
      const result = isStep(input.from) ? this.#results.get(input.from) : undefined;
      const { dir, digest, meta, files } = await resolver.target(input);
      if (result === undefined) throw new Error(`no result for target ${name}`);
      const { stage, status, key } = result;
      const sha256 = Object.fromEntries(files.map((file) => [file.path, file.sha256]));
      targets[name] = { stage, status, key, digest, dir, meta, files: files.map((file) => file.path), sha256 };
    }
    const stages = [...this.#results.values()];
    const counts = { ran: 0, cached: 0, fresh: 0 };
    for (const { status } of stages) counts[status]++;
    this.#emit({ type: "pipeline-end", pipeline, durationMs: performance.now() - started, counts });
    return { pipeline, stages, targets };
  }

  async #each(deal: (step: Step) => Promise<void>): Promise<void> {
    const { graph, signal, cacheDir } = this.#session;
    for (const step of graph.steps) {
      await deal(step).catch(async (error) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#emit({ type: "stage-failed", stage: step.name, message, stopped: signal.aborted });
        throw isDiskFull(error) ? await diskFull(step, cacheDir, error) : error;
      });
    }
  }

  /** Deals with a step; if a stage finds a large file of an input damaged, its producer is dealt with anew first. */
  async #dealWith(step: Step): Promise<void> {
    for (let repairs = 0;; repairs++) {
      try {
        return await this.#settle(step);
      } catch (error) {
        const damage = await damageBehind(error, step, this.#results, this.#session);
        if (damage === undefined || repairs === step.inputs.size) throw error;
        await this.#repair(damage);
      }
    }
  }

  async #repair({ producer, detail }: DamagedInput): Promise<void> {
    const damaged = this.#results.get(producer);
    if (damaged === undefined) throw new Error(`${producer.name} gave an input before it had a result`);
    this.#byKey.delete(damaged.key);
    await this.#session.store.quarantine(producer.node.stage.name, damaged.key);
    await this.#settle(producer, detail);
  }

  async #settle(step: Step, damage?: string): Promise<void> {
    const started = performance.now();
    const { resolver, lastRun, signal } = this.#session;
    signal.throwIfAborted();
    const partial = await resolver.record(step);
    const key = keyOf(partial.record);
    for (const observer of this.#observers) observer.keyKnown?.(step, partial.record, key);
    const { entry, status, reason } = await this.#obtain(step, partial, key, damage);
    this.#byKey.set(key, entry);
    resolver.setResult(step, entry);
    // An explanation that cannot be kept is no reason to fail.
    await lastRun.note(step.name, partial.record).catch(() => {});
    const { dir, manifest: { digest, meta, files } } = entry;
    const durationMs = performance.now() - started;
    const why = reason === undefined ? {} : { reason };
    const names = files.map((file) => file.path);
    const result = { stage: step.name, status, key, digest, dir, files: names, meta, durationMs, ...why };
    this.#results.set(step, result);
    await this.#tell((observer) => observer.settled?.(step, entry.manifest, result));
    const because = reason === undefined ? {} : { reason, because: describeReason(reason) };
    this.#emit({ type: "stage-end", stage: step.name, status, key, digest, dir, durationMs, ...because });
  }

  async #obtain(
    step: Step,
    partial: PartialRecord,
    key: string,
    damage: string | undefined,
  ): Promise<{ entry: Entry; status: StageStatus; reason?: Reason }> {
    const known = this.#byKey.get(key);
    if (known !== undefined) return { entry: known, status: "fresh" };
    const { store, signal } = this.#session;
    const first = await this.#uses(key, () => this.#lookup(step, key));
    if (first.state === "hit") return { entry: first.entry, status: "cached" };
    const onWait = () => this.#emit({ type: "stage-waiting", stage: step.name, key });
    using _lock = this.#lease ? await acquireLock(store.lockPath(key), { signal, onWait }) : undefined;
    // Another process may have published the key, or mended it, since it was looked up.
    const found = await this.#lookup(step, key);
    if (found.state === "hit") return { entry: found.entry, status: "cached" };
    const miss: typeof found = damage === undefined ? found : { state: "damaged", detail: damage };
    const reason = await explainMiss(step.name, partial, miss, this.#session);
    if (found.state === "damaged") await store.quarantine(step.node.stage.name, key);
    const shared = await takeShared(step, key, this.#session, this.#lease, this.#warn);
    if (shared !== undefined) return { entry: shared, status: "cached" };
    const because = describeReason(reason);
    this.#emit({ type: "stage-start", stage: step.name, key, reason, because });
    const entry = await runStage(step, { record: partial.record, key }, this.#session, this.#emit, this.#lease);
    await giveShared(step, entry, this.#session, this.#warn);
    return { entry, status: "ran", reason };
  }

  readonly #warn = (stage: string, message: string): void => {
    this.#emit({ type: "stage-log", stage, level: "warn", message });
  };

  /** Does `use` with the key on the lease, so that no clean-up takes the result away until the run ends. */
  async #uses<Result>(key: string, use: () => Promise<Result>): Promise<Result> {
    return this.#lease === undefined ? await use() : await this.#lease.use(key, use);
  }

  #lookup(step: Step, key: string): Promise<Lookup> {
    const { store, verify, largeFileBytes, signal } = this.#session;
    return store.lookup(step.node.stage.name, key, { verify, largeFileBytes, signal });
  }
}
