import { dirname, fromFileUrl, join } from "@std/path";
import { PipelineError } from "../errors.ts";
import { exists, removeQuietly } from "../files.ts";

/** One module as `deno info --json` reports it, as far as it is used here. */
export interface GraphModule {
  /** Resolved URL. */
  readonly specifier: string;
  /** `esm`, `asset`, `npm`, `external`, …; absent for a module that could not be loaded. */
  readonly kind?: string;
  /** Why the module could not be loaded. */
  readonly error?: string;
  /** Name and version, for a module of an npm package. */
  readonly npmPackage?: string;
  /** What the module imports. */
  readonly dependencies?: readonly GraphDependency[];
}

/** One import of a module. */
export interface GraphDependency {
  /** As written in the module. */
  readonly specifier: string;
  /** What is imported when the code runs; absent for an import of types alone. */
  readonly code?: { readonly specifier?: string; readonly error?: string };
  /** Where the types come from: that of an import of types alone, or of a package without types of its own. */
  readonly type?: { readonly specifier?: string };
  /** True for `import("…")`. */
  readonly isDynamic?: boolean;
}

/** A module with all that it imports. */
export interface ModuleGraph {
  /** Modules by resolved URL. */
  readonly modules: ReadonlyMap<string, GraphModule>;
  /** Where URLs lead that stand for others. */
  readonly redirects: Readonly<Record<string, string>>;
}

/**
 * The graph of a local module, as this Deno resolves it. A program cannot ask which configuration it runs with, so
 * the ones that it may be are tried in turn, until one leaves no specifier open: the one nearest to the main module,
 * this package's, the one nearest to the module itself.
 *
 * @throws {PipelineError} if a module or a specifier cannot be found.
 */
export async function readModuleGraph(url: string): Promise<ModuleGraph> {
  const configs = new Set<string | undefined>();
  for (const start of [Deno.mainModule, import.meta.url, url]) {
    if (start.startsWith("file://")) configs.add(await findConfig(dirname(fromFileUrl(start))));
  }
  if (configs.size > 1) configs.delete(undefined);
  let failure = new PipelineError(`reading the modules of ${url}: it is not a local file`);
  for (const config of configs) {
    const graph = await denoInfo(url, config);
    const problem = graph instanceof ModuleGraphReader ? findUnresolved(graph, url) : graph;
    if (graph instanceof ModuleGraphReader && problem === undefined) return graph;
    failure = new PipelineError(`reading the modules of ${url}: ${problem}`);
  }
  throw failure;
}

class ModuleGraphReader implements ModuleGraph {
  readonly modules: ReadonlyMap<string, GraphModule>;
  readonly redirects: Readonly<Record<string, string>>;

  constructor(json: string) {
    const parsed = JSON.parse(json) as { modules: GraphModule[]; redirects?: Record<string, string> };
    this.modules = new Map(parsed.modules.map((module) => [module.specifier, module]));
    this.redirects = parsed.redirects ?? {};
  }
}

/** Runs `deno info` on a copy of the lock file: the user's own is for the user to change. Gives the graph or why not. */
async function denoInfo(url: string, config: string | undefined): Promise<ModuleGraphReader | string> {
  const temporary = await Deno.makeTempDir({ prefix: "vicuna-graph-" });
  try {
    const lock = config === undefined ? undefined : join(dirname(config), "deno.lock");
    const copy = join(temporary, "deno.lock");
    if (lock !== undefined && await exists(lock)) await Deno.copyFile(lock, copy);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "info",
        "--json",
        "--quiet",
        ...(config === undefined ? ["--no-config"] : ["--config", config]),
        ...(await exists(copy) ? ["--lock", copy, "--frozen=false"] : ["--no-lock"]),
        url,
      ],
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
    }).output();
    if (!success) return new TextDecoder().decode(stderr).trim();
    return new ModuleGraphReader(new TextDecoder().decode(stdout));
  } finally {
    await removeQuietly(temporary);
  }
}

async function findConfig(folder: string): Promise<string | undefined> {
  for (const name of ["deno.json", "deno.jsonc"]) {
    if (await exists(join(folder, name))) return join(folder, name);
  }
  const above = dirname(folder);
  return above === folder ? undefined : await findConfig(above);
}

/** The first import that is sure to fail when the code runs. Imports on demand may never happen. */
function findUnresolved(graph: ModuleGraph, root: string): string | undefined {
  for (const { module, dependency, target } of walkImports(graph, root, (url) => url.startsWith("file://"))) {
    if (dependency.isDynamic) continue;
    if (target === undefined) return `${module}: ${dependency.code?.error ?? `cannot resolve ${dependency.specifier}`}`;
    const error = graph.modules.get(target)?.error;
    if (error !== undefined) return `${module}: ${error}`;
  }
  return graph.modules.get(root)?.error;
}

/** One import edge of a graph. */
export interface ImportEdge {
  /** URL of the importing module. */
  readonly module: string;
  /** The import as it is written. */
  readonly dependency: GraphDependency;
  /** URL of what is imported, redirects followed; absent if the specifier cannot be resolved. */
  readonly target: string | undefined;
}

/**
 * Every import of code that is reachable from a module; imports of types alone do not count.
 *
 * @param enter says whether the imports of a reached module count too.
 */
export function* walkImports(graph: ModuleGraph, root: string, enter: (url: string) => boolean): Generator<ImportEdge> {
  const seen = new Set([root]);
  const queue = [root];
  for (let module = queue.shift(); module !== undefined; module = queue.shift()) {
    for (const dependency of graph.modules.get(module)?.dependencies ?? []) {
      if (dependency.code === undefined) continue;
      const named = dependency.code.specifier;
      const target = named === undefined ? undefined : graph.redirects[named] ?? named;
      yield { module, dependency, target };
      if (target === undefined || seen.has(target) || !enter(target)) continue;
      seen.add(target);
      queue.push(target);
    }
  }
}
