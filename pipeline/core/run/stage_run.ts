import { join } from "@std/path";
import { noteWritten } from "./disk_full.ts";
import { DamagedInputError, PipelineError } from "../errors.ts";
import type { PipelineEvent } from "../events.ts";
import { hashFile, isDiskFull } from "../files.ts";
import { isStep, type Step } from "../stage/graph.ts";
import { cloneJson, findJsonFault, type JsonObject } from "../json.ts";
import { runIsolated } from "./isolation.ts";
import type { Lease } from "../store/leases.ts";
import { type Manifest, outputDigest } from "../store/manifest.ts";
import { ProgressGate } from "./progress_gate.ts";
import { KEY_FORMAT, type KeyRecord } from "../record.ts";
import { lockedScratch, unlockedScratch } from "../store/scratch.ts";
import type { Session } from "./session.ts";
import type { InputDeclarations, StageContext, StageOutput } from "../stage/stage_spec.ts";
import type { Entry, Staging } from "../store/store.ts";

/**
 * Computes a step's result and publishes it. Whatever goes wrong before the last rename, nothing is published.
 *
 * @param lease of the run, which then holds the key's lock; without, others may compute the same key meanwhile.
 */
export async function runStage(
  step: Step,
  { record, key }: { record: KeyRecord; key: string },
  session: Session,
  emit: (event: PipelineEvent) => void,
  lease?: Lease,
): Promise<Entry> {
  const { store, resolver, signal } = session;
  const { stage, settings } = step.node;
  await resolver.checkLeaves(step);
  if (session.verify) await verifyLargeInputs(step, session);
  const scratchPath = store.scratchDir(stage.name, key);
  const scratch = await (lease === undefined ? unlockedScratch(scratchPath) : lockedScratch(scratchPath));
  await Deno.mkdir(store.notesDir, { recursive: true });
  const staging = await store.stage(stage.name, key, lease);
  try {
    const started = performance.now();
    const volatile = new VolatileFiles(staging);
    const gate = new ProgressGate(step.name, emit);
    const [earlier, current] = [new Set<string>(), new Set<string>()];
    const context = await makeContext(step, {
      session,
      params: record.params,
      scratch: scratch.dir,
      output: volatile.output,
      gate,
      emit,
    });
    const whole = {
      ...context,
      device: (name: string, facts?: JsonObject) => {
        (facts ? current : earlier).add(name);
        if (facts) emit({ type: "stage-device", stage: step.name, device: name, facts });
      },
    };
    const returned = session.strict ? await runIsolated(step, whole, session.strict) : await stage.run(whole);
    gate.flush();
    const durationMs = Math.round(performance.now() - started);
    const devices = [...earlier.union(current)];
    signal.throwIfAborted();
    const meta = checkMeta(step, returned);
    const files = await store.seal(staging, volatile.includes, signal);
    await resolver.checkLeaves(step);
    const digest = outputDigest(files, meta);
    const manifest: Manifest = {
      format: KEY_FORMAT,
      stage: stage.name,
      key,
      record,
      digest,
      meta,
      files,
      settings,
      createdAt: new Date().toISOString(),
      durationMs,
      ...(devices.length > 0 && { device: devices.join(" + ") }),
    };
    signal.throwIfAborted();
    const entry = await store.publish(staging, manifest);
    if (entry.manifest.digest !== digest) warnOfDifference(step, emit);
    await scratch.remove();
    return entry;
  } catch (error) {
    if (isDiskFull(error)) await noteWritten(error, staging.root);
    throw error;
  } finally {
    await scratch.release();
    await store.discard(staging);
  }
}

/** Reads the large files that were not read when they were found in the cache, but for those that the stage verifies. */
async function verifyLargeInputs(step: Step, { resolver, largeFileBytes, signal }: Session): Promise<void> {
  for (const [name, input] of step.inputs) {
    if (!isStep(input.from) || step.node.stage.verifies.includes(name.replace(/\[\d+\]$/, ""))) continue;
    const outcome = await resolver.peek(input, `${step.name}, input ${name}`);
    for (const { path, size, sha256 } of outcome?.files ?? []) {
      if (outcome === undefined || size < largeFileBytes) continue;
      if ((await hashFile(join(outcome.dir, path), signal)).sha256 !== sha256) throw new DamagedInputError(name, path);
    }
  }
}

async function makeContext(
  step: Step,
  { session, params, scratch, output, gate, emit }: {
    session: Session;
    params: JsonObject;
    scratch: string;
    output: StageOutput;
    gate: ProgressGate;
    emit: (event: PipelineEvent) => void;
  },
): Promise<Omit<StageContext<InputDeclarations, JsonObject, JsonObject>, "device">> {
  const { settings } = step.node;
  return {
    inputs: await session.resolver.stageInputs(step) as StageContext<InputDeclarations, unknown, unknown>["inputs"],
    // Copies: a stage that edits its params must not change the key of another.
    params: cloneJson(params) as JsonObject,
    settings: cloneJson(settings),
    output,
    scratch,
    notes: session.store.notesDir,
    signal: session.signal,
    progress: (progress) => gate.report(progress),
    memory: (memory) => emit({ type: "stage-memory", stage: step.name, memory }),
    log: (level, message) => emit({ type: "stage-log", stage: step.name, level, message }),
  };
}

/** Remembers which files a stage marks as volatile. */
class VolatileFiles {
  readonly #names = new Set<string>();
  readonly output: StageOutput;

  constructor({ dir }: Staging) {
    this.output = {
      dir,
      volatile: (path) => {
        this.#names.add(path);
        return join(dir, path);
      },
    };
  }

  /** Says whether a file was marked, by itself or with a folder above it. */
  readonly includes = (path: string): boolean => {
    if (this.#names.has(path)) return true;
    return [...this.#names].some((name) => name.endsWith("/") && path.startsWith(name));
  };
}

function checkMeta(step: Step, returned: unknown): JsonObject {
  const fault = typeof returned === "object" && returned !== null && !Array.isArray(returned)
    ? findJsonFault(returned)
    : { path: "", found: returned === undefined ? "nothing" : JSON.stringify(returned) };
  if (fault !== undefined) {
    const where = fault.path === "" ? "meta" : `meta.${fault.path}`;
    throw new PipelineError(
      `publishing ${step.name}: ${where} must be plain JSON with finite numbers, found ${fault.found}; nothing was kept`,
    );
  }
  for (const part of Object.keys(step.node.stage.output.parts as object)) {
    if (!(part in (returned as object))) {
      throw new PipelineError(`publishing ${step.name}: meta lacks the field ${part} that belongs to its part`);
    }
  }
  return cloneJson(returned) as JsonObject;
}

function warnOfDifference(step: Step, emit: (event: PipelineEvent) => void): void {
  emit({
    type: "stage-log",
    stage: step.name,
    level: "warn",
    message: "another process computed the same key with a different output; its output was taken. " +
      "The stage is not deterministic: mark files that may differ as volatile.",
  });
}
