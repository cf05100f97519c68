import { join, resolve } from "@std/path";
import { closestString } from "@std/text/closest-string";
import { PipelineError } from "../errors.ts";
import { collectGraph, type Graph } from "../stage/graph.ts";
import { LastRun } from "../records/last_run.ts";
import { InputIndex } from "../store/input_index.ts";
import type { Isolation } from "./isolation.ts";
import type { Pipeline, Targets } from "../stage/pipeline.ts";
import { RemoteCache, type RemoteOptions } from "../store/remote_cache.ts";
import { Resolver } from "./resolver.ts";
import { z } from "../stage/schema.ts";
import { Store } from "../store/store.ts";

/** What running and planning a pipeline have in common. */
export interface SessionOptions {
  /** Options of the pipeline, as a user would give them; those with defaults may be left out. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Folder of the cache. Default: `.vicuna` in the working folder. */
  readonly cacheDir?: string;
  /** Name for a pipeline that has none of its own. Default: `pipeline`. */
  readonly name?: string;
  /** Believe the cache without reading it again. Names and lengths of files are still compared. */
  readonly trustCache?: boolean;
  /**
   * Files of this size and larger are verified when a stage reads them rather than whenever they are found in the cache,
   * so that a run that needs nothing of a large model does not read it. Default 64 MiB.
   */
  readonly largeFileBytes?: number;
  /** A cache shared with other machines: asked for what is not in this one. */
  readonly remoteCache?: RemoteOptions;
  /** Run each stage in a process that can read what it declares and nothing else. */
  readonly strict?: Isolation;
  /** Stops the run. */
  readonly signal?: AbortSignal;
}

/** Default of {@link SessionOptions.largeFileBytes}. */
const LARGE_FILE_BYTES = 64 * 2 ** 20;

/** A pipeline's options do not fit. */
export class PipelineOptionsError extends PipelineError {
  /** Name of the class, for messages. */
  override readonly name: string = "PipelineOptionsError";
  /** What does not fit: the option's path, and the message of the schema. */
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];

  /** Lists all faults in the message. */
  constructor(pipeline: string, issues: PipelineOptionsError["issues"]) {
    const lines = issues.map(({ path, message }) => `  ${path.map(String).join(".")}: ${message}`);
    super(`options of ${pipeline} do not fit\n${lines.join("\n")}`);
    this.issues = issues;
  }
}

/** A pipeline about to be run or planned. */
export interface Session {
  readonly name: string;
  readonly cacheDir: string;
  readonly graph: Graph;
  readonly store: Store;
  readonly index: InputIndex;
  readonly lastRun: LastRun;
  readonly resolver: Resolver;
  readonly signal: AbortSignal;
  /** Whether hits are read again. */
  readonly verify: boolean;
  /** Files from this size on are verified when they are read. */
  readonly largeFileBytes: number;
  readonly remote: RemoteCache | undefined;
  readonly strict: Isolation | undefined;
}

/** What a pipeline is called, and the absolute path of its cache. */
export function placeOf(
  pipeline: { readonly name?: string },
  options: SessionOptions,
): Pick<Session, "name" | "cacheDir"> {
  return { name: pipeline.name ?? options.name ?? "pipeline", cacheDir: resolve(options.cacheDir ?? ".vicuna") };
}

/** Validates the options, builds the graph, and opens the cache. */
export async function openSession(pipeline: Pipeline, options: SessionOptions): Promise<Session> {
  const { name, cacheDir } = placeOf(pipeline, options);
  const signal = options.signal ?? new AbortController().signal;
  const targets: Targets = await pipeline.build(parseOptions(pipeline, name, options.options ?? {}));
  const index = new InputIndex(join(cacheDir, "inputs.json"));
  return {
    name,
    cacheDir,
    graph: collectGraph(targets),
    store: new Store(cacheDir),
    index,
    lastRun: new LastRun(cacheDir, name),
    resolver: new Resolver(index, signal, new Store(cacheDir).notesDir),
    signal,
    verify: options.trustCache !== true,
    largeFileBytes: options.largeFileBytes ?? LARGE_FILE_BYTES,
    strict: options.strict,
    remote: options.remoteCache && new RemoteCache(options.remoteCache),
  };
}

/**
 * A pipeline's options with defaults filled in.
 *
 * @throws {PipelineOptionsError} for what does not fit, and for unknown ones
 */
export function parseOptions(
  pipeline: Pipeline,
  name: string,
  given: Readonly<Record<string, unknown>>,
): z.output<z.ZodObject> {
  const known = Object.keys(pipeline.options.shape);
  for (const option of Object.keys(given)) {
    if (known.includes(option)) continue;
    const hint = known.length === 0 ? "it has none" : `did you mean ${closestString(option, known)}?`;
    throw new PipelineOptionsError(name, [{ path: [option], message: `unknown option, ${hint}` }]);
  }
  const parsed = pipeline.options.safeParse(given);
  if (!parsed.success) throw new PipelineOptionsError(name, parsed.error.issues);
  return parsed.data;
}
