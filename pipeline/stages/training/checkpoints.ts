import { basename, join } from "@std/path";
import {
  hashFile,
  isAbsent,
  isUnreadable,
  listOwnFiles,
  removeQuietly,
  syncAndHashFile,
  syncFolder,
  writeAll,
} from "../../core/files.ts";
import { PipelineError, z } from "../../core/mod.ts";

/** A checkpoint on disk that was found whole. */
export interface Checkpoint {
  /** Optimizer steps behind it. */
  readonly step: number;
  /** Absolute path of its folder. */
  readonly dir: string;
}

/** Written last: a checkpoint without it, or with other files than it lists, is none. */
const manifestFile = "checkpoint.json";
/** Raised when the files of a checkpoint mean something else, so that earlier ones are passed over. */
const format = 1;
/** Begins the name of a folder in which a checkpoint grows until it is whole. */
const aside = ".saving-";

const manifestSchema = z.object({
  format: z.literal(format),
  step: z.number().int(),
  /** Step of the best checkpoint at that time, which must not go before this one does. */
  best: z.number().int().nullable(),
  files: z.array(z.object({ path: z.string(), size: z.number(), sha256: z.string() })),
});
type CheckpointManifest = z.output<typeof manifestSchema>;

/** Name of a checkpoint's folder. */
export function checkpointName(step: number): string {
  return `checkpoint-${step}`;
}

/**
 * Checkpoints of one training: `checkpoint-<step>/` in a folder that survives whatever happens to the process. A
 * checkpoint is written aside, flushed, and renamed into place, so that it is there whole or not at all; every byte is
 * checked before it is used. The newest few are kept, and the best.
 */
export class Checkpoints {
  readonly #folder: string;
  readonly #limit: number;
  #newest: Checkpoint | undefined;

  /** @param limit newest checkpoints that are kept, at least 1 */
  constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** The newest checkpoint, once {@link Checkpoints.open} or {@link Checkpoints.save} has come across one. */
  get newest(): Checkpoint | undefined {
    return this.#newest;
  }

  /**
   * Finds the newest checkpoint that is whole. Damaged ones are reported and removed, and so is what a killed process left
   * half written.
   *
   * @param needsBest pass over a checkpoint whose best one is lost
   */
  async open(needsBest: boolean, warn: (message: string) => void): Promise<Checkpoint | undefined> {
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (name.startsWith(aside)) await removeQuietly(join(this.#folder, name));
    }
    const steps = await this.#steps();
    for (const step of steps) {
      const fault = await this.#fault(step, needsBest);
      if (fault === undefined) return this.#newest = { step, dir: this.#dir(step) };
      warn(`${fault}: ${step === steps.at(-1) ? "training starts anew" : "the one before is tried"}`);
      await removeQuietly(this.#dir(step));
    }
    return undefined;
  }

  /**
   * Saves a checkpoint, then removes those that are no longer wanted.
   *
   * @param best step of the best checkpoint, this one included, if there is any
   * @param write puts the files into a folder
   */
  async save(step: number, best: number | undefined, write: (dir: string) => Promise<void>): Promise<void> {
    const dir = join(this.#folder, `${aside}${crypto.randomUUID()}`);
    await Deno.mkdir(dir, { recursive: true });
    try {
      await write(dir);
      await writeManifest(dir, { format, step, best: best ?? null, files: await sealFiles(dir) });
      await removeQuietly(this.#dir(step));
      await Deno.rename(dir, this.#dir(step));
    } catch (error) {
      await removeQuietly(dir);
      throw error;
    }
    await syncFolder(this.#folder);
    this.#newest = { step, dir: this.#dir(step) };
    await this.#removeOld();
  }

  /**
   * A checkpoint by its step.
   *
   * @throws {PipelineError} when it is not there or damaged
   */
  async get(step: number): Promise<Checkpoint> {
    const found = await this.#check(step);
    if (typeof found === "string") throw new PipelineError(`reading ${this.#dir(step)}: ${found}`);
    return { step, dir: this.#dir(step) };
  }

  /** The newest checkpoints within the limit and the best, in the order of their steps. */
  async kept(best: number | undefined): Promise<Checkpoint[]> {
    const steps = await this.#steps();
    const kept = steps.filter((step, i) => i < this.#limit || step === best);
    return kept.reverse().map((step) => ({ step, dir: this.#dir(step) }));
  }

  /** A checkpoint may become the newest whole one, so the best of its time stays as long as it does. */
  async #removeOld(): Promise<void> {
    const steps = await this.#steps();
    const wanted = new Set<number>();
    for (const step of steps.slice(0, this.#limit)) {
      wanted.add(step);
      const manifest = await readManifest(this.#dir(step));
      if (typeof manifest !== "string" && manifest.best !== null) wanted.add(manifest.best);
    }
    for (const step of steps) {
      if (!wanted.has(step)) await removeQuietly(this.#dir(step));
    }
  }

  async #fault(step: number, needsBest: boolean): Promise<string | undefined> {
    const found = await this.#check(step);
    if (typeof found === "string") return `${checkpointName(step)} is damaged (${found})`;
    if (!needsBest || found.best === null || found.best === step) return undefined;
    const best = await this.#check(found.best);
    return typeof best === "string"
      ? `${checkpointName(step)} needs ${checkpointName(found.best)}, which is damaged (${best})`
      : undefined;
  }

  #dir(step: number): string {
    return join(this.#folder, checkpointName(step));
  }

  /** Steps with a folder, the newest first. */
  async #steps(): Promise<number[]> {
    const steps: number[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      const found = /^checkpoint-(\d+)$/.exec(name);
      if (found) steps.push(Number(found[1]));
    }
    return steps.sort((a, b) => b - a);
  }

  /** The manifest of a checkpoint that is whole to the byte, else what is wrong with it. */
  async #check(step: number): Promise<CheckpointManifest | string> {
    const dir = this.#dir(step);
    const manifest = await readManifest(dir);
    if (typeof manifest === "string") return manifest;
    if (manifest.step !== step) return `${manifestFile} is of step ${manifest.step}`;
    for (const { path, size, sha256 } of manifest.files) {
      try {
        const found = await hashFile(join(dir, path));
        if (found.size !== size) return `${path} has ${found.size} bytes, was saved with ${size}`;
        if (found.sha256 !== sha256) return `${path} is not what was saved (SHA-256 differs)`;
      } catch (error) {
        if (isAbsent(error)) return `${path} is missing`;
        if (isUnreadable(error)) return `${path} cannot be read: ${(error as Error).message}`;
        throw error;
      }
    }
    return manifest;
  }
}

/** Flushes all files of a folder and lists them. */
async function sealFiles(dir: string): Promise<CheckpointManifest["files"]> {
  const files: CheckpointManifest["files"] = [];
  for (const path of await listOwnFiles(dir)) files.push({ path, ...await syncAndHashFile(join(dir, path)) });
  return files;
}

async function writeManifest(dir: string, manifest: CheckpointManifest): Promise<void> {
  {
    using file = await Deno.open(join(dir, manifestFile), { write: true, createNew: true });
    await writeAll(file, new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
    await file.sync();
  }
  await syncFolder(dir);
}

async function readManifest(dir: string): Promise<CheckpointManifest | string> {
  let text: string;
  try {
    text = await Deno.readTextFile(join(dir, manifestFile));
  } catch (error) {
    if (isUnreadable(error)) return `${manifestFile} cannot be read: ${(error as Error).message}`;
    if (!isAbsent(error)) throw error;
    return `${basename(dir)} has no ${manifestFile}`;
  }
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : `${manifestFile} has another layout`;
  } catch {
    return `${manifestFile} is not JSON`;
  }
}
