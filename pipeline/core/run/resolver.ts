import { basename, dirname, join, resolve } from "@std/path";
import { identifyCode } from "../stage/code_identity.ts";
import { PipelineError, WrongFolderError } from "../errors.ts";
import { isAbsent, listInputFiles } from "../files.ts";
import { describeSource, isStep, type Leaf, type Step, type StepInput } from "../stage/graph.ts";
import type { HashedFile, InputIndex } from "../store/input_index.ts";
import type { InputSources } from "../explain.ts";
import { cloneJson, type JsonObject } from "../json.ts";
import { type ManifestFile, outputDigest } from "../store/manifest.ts";
import { KEY_FORMAT, type KeyRecord } from "../record.ts";
import { partMeta } from "../stage/ref.ts";
import type { StageInput, StageSpec } from "../stage/stage_spec.ts";
import type { AnyKind } from "../stage/kind.ts";
import type { Entry } from "../store/store.ts";

/** What a producer has produced: files in a folder, and the meta. */
export interface Outcome {
  /** Absolute path of the folder. */
  readonly dir: string;
  /** Absolute path of the file for an input that is one file, else the folder. */
  readonly path: string;
  /** Files by path relative to the folder. */
  readonly files: readonly ManifestFile[];
  readonly meta: JsonObject;
  /** Digest of files and meta. */
  readonly digest: string;
}

/** A step's key record as far as it can be known. */
export interface PartialRecord {
  /** The record; the digests of unknown inputs are empty. */
  readonly record: KeyRecord;
  /** Inputs whose producers have not run yet, by name. */
  readonly unknown: ReadonlySet<string>;
  /** Where the inputs come from, for messages. */
  readonly sources: InputSources;
}

interface LeafState {
  readonly outcome: Outcome;
  /** Every file of the leaf by absolute path, as it was when it was hashed. */
  readonly hashed: ReadonlyMap<string, HashedFile>;
}

/** Knows the outcomes of a run's producers, and forms key records and inputs of stages from them. */
export class Resolver {
  readonly #index: InputIndex;
  readonly #signal: AbortSignal;
  readonly #notes: string;
  readonly #pinned = new Map<Step, Promise<JsonObject>>();
  readonly #outcomes = new Map<Step, Outcome>();
  readonly #leaves = new Map<Leaf, LeafState>();

  /** Reads the user's files through `index`; stages may keep small notes in the folder `notes`. */
  constructor(index: InputIndex, signal: AbortSignal, notes: string) {
    this.#index = index;
    this.#notes = notes;
    this.#signal = signal;
  }

  /** Notes the result of a step. */
  setResult(step: Step, { dir, manifest }: Entry): void {
    this.#outcomes.set(step, { dir, path: dir, files: manifest.files, meta: manifest.meta, digest: manifest.digest });
  }

  /** The record of a step's key, reading the user's files that it needs. */
  async record(step: Step): Promise<PartialRecord> {
    const { stage, inputs: given } = step.node;
    const params = { ...step.node.params, ...await this.#pin(step) };
    const unknown = new Set<string>();
    const sources: Record<string, string> = {};
    const inputs: Record<string, string | string[]> = {};
    for (const [name, refs] of Object.entries(given)) {
      if (Array.isArray(refs)) inputs[name] = [];
    }
    for (const [name, input] of step.inputs) {
      const outcome = await this.#outcome(input, `${step.name}, input ${name}`);
      const listed = inputs[name.replace(/\[\d+\]$/, "")];
      if (outcome === undefined) unknown.add(name);
      sources[name] = describeSource(input);
      if (Array.isArray(listed)) listed.push(outcome?.digest ?? "");
      else inputs[name] = outcome?.digest ?? "";
    }
    const code = await identifyCode(stage.code);
    const environment = environmentOf(stage);
    const record: KeyRecord = {
      format: KEY_FORMAT,
      stage: stage.name,
      code,
      params,
      inputs,
      ...(environment && { environment }),
    };
    return { record, unknown, sources };
  }

  /** What a stage finds out about the world outside, once a run. */
  #pin(step: Step): Promise<JsonObject> {
    const { stage, params } = step.node;
    const known = this.#pinned.get(step);
    if (known !== undefined) return known;
    const found = Promise.resolve(
      stage.pin?.({ params: cloneJson(params) as JsonObject, notes: this.#notes, signal: this.#signal }) ?? {},
    );
    this.#pinned.set(step, found);
    return found;
  }

  /** The inputs of a step whose producers have all run, as its stage sees them. */
  async stageInputs(step: Step): Promise<Record<string, unknown>> {
    const inputs: Record<string, unknown> = {};
    for (const [name, refs] of Object.entries(step.node.inputs)) {
      if (!Array.isArray(refs)) inputs[name] = await this.#stageInput(step, name);
      else inputs[name] = await Promise.all(refs.map((_, i) => this.#stageInput(step, `${name}[${i}]`)));
    }
    return inputs;
  }

  /** The producer's outcome, if it is there. */
  async peek(input: StepInput, where: string): Promise<Outcome | undefined> {
    return await this.#outcome(input, where);
  }

  /** What a target refers to. */
  async target(input: StepInput): Promise<Outcome> {
    const outcome = await this.#outcome(input, "target");
    if (outcome === undefined) throw new Error("a target was asked for before its stage ran");
    return outcome;
  }

  /**
   * Makes sure that the user's files that a step reads are still what entered its key.
   *
   * @throws {PipelineError} naming the file that was edited.
   */
  async checkLeaves(step: Step): Promise<void> {
    for (const { from } of step.inputs.values()) {
      if (isStep(from)) continue;
      const state = this.#leaves.get(from);
      if (state === undefined) continue;
      const edited = await this.#findEdited(from, state);
      if (edited === undefined) continue;
      throw new PipelineError(
        `running ${step.name}: its input ${edited} was edited while the pipeline ran; nothing of it was kept. Run again.`,
      );
    }
  }

  /**
   * Makes sure that the user's files and folders that a step reads are there, so that a wrong path is told before hours of
   * work on the steps before it.
   *
   * @throws {PipelineError} naming the path
   */
  async expectInputs(step: Step): Promise<void> {
    for (const [name, { from }] of step.inputs) {
      if (!isStep(from)) await expectForm(from.node.form, resolve(from.node.path), `${step.name}, input ${name}`);
    }
  }

  async #findEdited(leaf: Leaf, { hashed, outcome }: LeafState): Promise<string | undefined> {
    for (const [path, file] of hashed) {
      if (!await this.#index.unchanged(path, file)) return path;
    }
    if (leaf.node.form === "file") return undefined;
    const names = await listFolder(leaf, outcome.dir);
    return names.length === hashed.size ? undefined : outcome.dir;
  }

  async #stageInput(step: Step, name: string): Promise<StageInput<AnyKind>> {
    const input = step.inputs.get(name);
    const outcome = input && await this.#outcome(input, name);
    if (outcome === undefined) throw new Error(`${step.name} began before its input ${name} was there`);
    const { dir, path, meta, digest } = outcome;
    const files = outcome.files.map((file) => ({
      path: file.path === "" ? basename(path) : file.path,
      size: file.size,
      sha256: file.sha256,
    }));
    return { dir, path, meta, digest, files };
  }

  async #outcome({ from, part }: StepInput, where: string): Promise<Outcome | undefined> {
    const whole = isStep(from) ? this.#outcomes.get(from) : (await this.#leaf(from, where)).outcome;
    return whole === undefined || part === "" ? whole : partOf(whole, part);
  }

  async #leaf(leaf: Leaf, where: string): Promise<LeafState> {
    let state = this.#leaves.get(leaf);
    if (state === undefined) {
      state = await this.#readLeaf(leaf, where);
      this.#leaves.set(leaf, state);
    }
    return state;
  }

  async #readLeaf(leaf: Leaf, where: string): Promise<LeafState> {
    const { form, path: written, meta } = leaf.node;
    const path = resolve(written);
    await expectForm(form, path, where);
    const names = form === "file" ? [""] : await listFolder(leaf, path);
    if (names.length === 0) {
      throw new WrongFolderError(`reading ${path} (${where}): the folder has none of the files wanted`, leaf.node.kind);
    }
    const files: ManifestFile[] = [];
    const hashed = new Map<string, HashedFile>();
    for (const name of names) {
      const full = join(path, name);
      const file = await this.#hash(full, where);
      hashed.set(full, file);
      files.push({ path: name, size: file.stamp.size, sha256: file.sha256 });
    }
    const dir = form === "file" ? dirname(path) : path;
    return { hashed, outcome: { dir, path, files, meta, digest: outputDigest(files, meta) } };
  }

  async #hash(path: string, where: string): Promise<HashedFile> {
    try {
      return await this.#index.digest(path, this.#signal);
    } catch (error) {
      const denied = error instanceof Deno.errors.PermissionDenied || isCode(error, "EACCES");
      const absent = isAbsent(error) || isCode(error, "ENOENT");
      if (!denied && !absent) throw error;
      const found = denied ? "permission denied" : "wanted a file, found nothing there";
      throw new PipelineError(`reading ${path} (${where}): ${found}`, { cause: error });
    }
  }
}

function environmentOf({ environment, denoVersion }: StageSpec): Record<string, string | null> | undefined {
  if (environment.length === 0 && !denoVersion) return undefined;
  const values = environment.map((name) => [`$${name}`, Deno.env.get(name) ?? null] as const);
  return Object.fromEntries([...values, ...(denoVersion ? [["deno", Deno.version.deno] as const] : [])]);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function listFolder({ node }: Leaf, dir: string): Promise<string[]> {
  return (await listInputFiles(dir, node.enter)).filter((name) => node.include(name));
}

async function expectForm(form: "file" | "folder", path: string, where: string): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    throw new PipelineError(`reading ${path} (${where}): wanted a ${form}, found nothing there`, { cause: error });
  }
  if (form === "file" ? info.isFile : info.isDirectory) return;
  const found = info.isDirectory ? "a folder" : info.isFile ? "a file" : "a special file";
  throw new PipelineError(`reading ${path} (${where}): wanted a ${form}, found ${found}`);
}

function partOf(whole: Outcome, part: string): Outcome {
  const files = whole.files
    .filter(({ path }) => path.startsWith(`${part}/`))
    .map((file) => ({ ...file, path: file.path.slice(part.length + 1) }));
  const meta = partMeta(whole.meta, part) as JsonObject;
  const dir = join(whole.dir, part);
  return { dir, path: dir, files, meta, digest: outputDigest(files, meta) };
}
