import type { z } from "./schema.ts";
import type { AnyKind, MetaOf } from "./kind.ts";
import type { JsonObject } from "../json.ts";

/** An input that takes any number of refs of one kind, in order. Made by {@link list}. */
export interface ListInput<K extends AnyKind> {
  /** Tells the forms of declarations apart. */
  readonly form: "list";
  /** The kind of each element. */
  readonly kind: K;
}

/** A list that may be left out, which is the same as an empty one. Made by {@link optionalList}. */
export interface OptionalListInput<K extends AnyKind> extends ListInput<K> {
  /** Tells it from a list that must be given. */
  readonly mayBeLeftOut: true;
}

/** An input that may be left out. Made by {@link optional}. */
export interface OptionalInput<K extends AnyKind> {
  /** Tells the forms of declarations apart. */
  readonly form: "optional";
  /** The kind of the input when it is given. */
  readonly kind: K;
}

/** Declares an input that takes an array of refs: `inputs: { sources: list(rows) }`. */
export function list<K extends AnyKind>(kind: K): ListInput<K> {
  return { form: "list", kind };
}

/** Declares an input that takes an array of refs and may be left out: `inputs: { tasks: optionalList(task) }`. */
export function optionalList<K extends AnyKind>(kind: K): OptionalListInput<K> {
  return { form: "list", kind, mayBeLeftOut: true };
}

/** Declares an input that may be left out: `inputs: { adapter: optional(adapter) }`. */
export function optional<K extends AnyKind>(kind: K): OptionalInput<K> {
  return { form: "optional", kind };
}

/** How a stage declares one input. */
export type InputDeclaration = AnyKind | ListInput<AnyKind> | OptionalListInput<AnyKind> | OptionalInput<AnyKind>;

/** How a stage declares its inputs, by name. */
export type InputDeclarations = { readonly [name: string]: InputDeclaration };

/** One file of an input, relative to the input's folder, with `/` between names. */
export interface InputFile {
  /** Path relative to the input's folder. */
  readonly path: string;
  /** Length in bytes. */
  readonly size: number;
  /** SHA-256 of the content, in hexadecimal. */
  readonly sha256: string;
}

/** An input as a running stage sees it. */
export interface StageInput<K extends AnyKind> {
  /** Absolute path of the folder that holds the input's files. */
  readonly dir: string;
  /** Absolute path of the file, when the input is a single file; else of the folder. */
  readonly path: string;
  /** The record that came with the input. */
  readonly meta: MetaOf<K>;
  /** The files that belong to the input. A folder of the user's may hold others, which must not be read. */
  readonly files: readonly InputFile[];
  /** Digest of the content and the meta, as it entered the key. */
  readonly digest: string;
}

/** The inputs of a running stage, by name. */
export type StageInputs<I extends InputDeclarations> = {
  readonly [N in keyof I]: I[N] extends ListInput<infer K> ? readonly StageInput<K>[]
    : I[N] extends OptionalInput<infer K> ? StageInput<K> | undefined
    : I[N] extends AnyKind ? StageInput<I[N]>
    : never;
};

/** Where a running stage writes. */
export interface StageOutput {
  /** Absolute path of an empty folder. What is in it when `run` returns is published, all or nothing. */
  readonly dir: string;
  /**
   * Marks a file (or, with a final `/`, a folder) as volatile: kept and guarded against damage, but left out of the
   * output's digest, because it differs from run to run (timings, logs). Stages downstream must not depend on it.
   * Returns the absolute path.
   */
  volatile(path: string): string;
}

/** How far a stage has come. */
export interface Progress {
  /** Units done so far; a fraction where a unit takes long. */
  readonly done: number;
  /** Units in all; 0 when not known. */
  readonly total: number;
  /** What is counted, such as `rows`, `tokens`, `steps`. */
  readonly unit: string;
  /** A few words on what is going on. */
  readonly note?: string;
  /** Numbers to show and to log, such as the loss. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Once the run is to stop: milliseconds until that is done which must be finished first, as far as can be told. */
  readonly endsInMs?: number;
}

/** Memory that a stage takes of a device, in bytes. */
export interface MemoryUse {
  /** By what it is for. */
  readonly categories: Readonly<Record<string, number>>;
  /** In all, at the most. */
  readonly total: number;
  /** What there is to take from. */
  readonly limit: number;
  /** Who says so, such as the driver; absent where the stage does not tell. */
  readonly source?: string;
  /** What was chosen so that it fits, such as `{ recomputedLayers: 26 }`. */
  readonly choices: Readonly<Record<string, number>>;
}

/** An input as far as it is known before anything is computed. */
export interface ForeseenInput<K extends AnyKind> {
  /** Absolute path of its file or folder, if it exists already. */
  readonly path?: string;
  /** What is known of the record that comes with it. */
  readonly meta: Partial<MetaOf<K>>;
}

/** The inputs of a stage that has not run, by name. */
export type ForeseenInputs<I extends InputDeclarations> = {
  readonly [N in keyof I]: I[N] extends ListInput<infer K> ? readonly ForeseenInput<K>[]
    : I[N] extends OptionalInput<infer K> ? ForeseenInput<K> | undefined
    : I[N] extends AnyKind ? ForeseenInput<I[N]>
    : never;
};

/** What a stage can tell of its run before it. */
export interface Foresight<Meta> {
  /** What is known of the record that it will give. */
  readonly meta?: Partial<Meta>;
  /** Memory that it will take. */
  readonly memory?: MemoryUse;
}

/** What a stage's `foresee` receives. */
export interface ForesightContext<I extends InputDeclarations, P, S> {
  /** Inputs by name. */
  readonly inputs: ForeseenInputs<I>;
  /** Parameters, validated, defaults filled in. */
  readonly params: P;
  /** Settings, validated, defaults filled in. */
  readonly settings: S;
}

/** What a stage's `run` receives. */
export interface StageContext<I extends InputDeclarations, P, S> {
  /** Inputs by name. */
  readonly inputs: StageInputs<I>;
  /** Parameters, validated, defaults filled in. */
  readonly params: P;
  /** Settings, validated, defaults filled in. */
  readonly settings: S;
  /** Where to write the result. */
  readonly output: StageOutput;
  /**
   * Absolute path of a folder that survives a failed, stopped or killed run and is given again to the next run of the
   * same key. Removed once the result is published. Holds whatever a continued run needs, such as checkpoints.
   */
  readonly scratch: string;
  /**
   * Absolute path of a folder of the cache that all stages share, for small notes that spare work and do not change a
   * result, such as that a device was checked. Others may write to it at the same time, and it may be gone any time.
   */
  readonly notes: string;
  /** Reports how far the stage has come. Cheap; call it as often as is natural. */
  progress(progress: Progress): void;
  /** Says something to the user. */
  log(level: "info" | "warn", message: string): void;
  /** Tells what memory the run takes, once it is known. */
  memory(use: MemoryUse): void;
  /**
   * Names a device that took part in computing the result, for the manifest: the one at hand, with what is known of it, once
   * it is open, and those of an earlier run that this goes on from.
   */
  device(name: string, facts?: JsonObject): void;
  /** Aborted when the user stops the run: save what is worth saving to `scratch`, then throw (`throwIfAborted`). */
  readonly signal: AbortSignal;
}

/** What a stage reaches over the network. */
export interface NetworkUse {
  /** Hosts by name or `*.domain`, with `:port` where it is not the usual one, for a call with these params. */
  readonly hosts: (params: JsonObject) => readonly string[];
  /** Environment variables that say how to reach them, such as an address or a token; they do not enter the key. */
  readonly variables: readonly string[];
}

/** What a stage's `pin` receives. */
export interface PinContext<P> {
  /** Parameters, validated, defaults filled in. */
  readonly params: P;
  /** Absolute path of a folder of the cache for small notes; it may not be there yet. */
  readonly notes: string;
  /** Aborted when the user stops the run. */
  readonly signal: AbortSignal;
}

/** What identifies the code of a stage. */
export type StageCode =
  | { readonly type: "version"; readonly version: number }
  | { readonly type: "module"; readonly url: string };

/** A stage, its types erased: what the runner works with. */
export interface StageSpec {
  /** Name in messages and in the cache. */
  readonly name: string;
  /** What identifies the code. */
  readonly code: StageCode;
  /** Declared inputs. */
  readonly inputs: InputDeclarations;
  /** Schema of the params. */
  readonly params: z.ZodObject;
  /** Schema of the settings. */
  readonly settings: z.ZodObject;
  /** Kind of the result. */
  readonly output: AnyKind;
  /** Computes the result. */
  readonly run: (context: StageContext<InputDeclarations, JsonObject, JsonObject>) => Promise<JsonObject> | JsonObject;
  /** Environment variables that decide its result. */
  readonly environment: readonly string[];
  /** Whether the version of Deno decides its result. */
  readonly denoVersion: boolean;
  /** Inputs whose large files it verifies while it reads them. */
  readonly verifies: readonly string[];
  /** What it reaches over the network, if anything. */
  readonly network?: NetworkUse;
  /** Finds out what its result depends on outside. */
  readonly pin?: (context: PinContext<JsonObject>) => Promise<JsonObject> | JsonObject;
  /** Tells what it can before it runs. */
  readonly foresee?: (
    context: ForesightContext<InputDeclarations, JsonObject, JsonObject>,
  ) => Promise<Foresight<JsonObject>> | Foresight<JsonObject>;
}
