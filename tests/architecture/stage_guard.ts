import { createHash } from "node:crypto";
import { join, toFileUrl } from "@std/path";
import { readModuleGraph, walkImports } from "../../pipeline/core/stage/module_graph.ts";
import { readMeanings } from "./meaning.ts";
import { filesBelow, inRepository, REPOSITORY } from "./repository.ts";

/** A stage of this package as it is now or as it was pinned. */
export interface PinnedStage {
  /** The version that it declares. */
  readonly version: number;
  /** Digest of what the stage's file means (meaning.ts) and all that it imports, except the pipeline core. */
  readonly graph: string;
}

/** Stages by name. */
export type PinnedStages = Readonly<Record<string, PinnedStage>>;

/** Where the pinned stages are kept. */
export const PINS: URL = new URL("./stage_versions.json", import.meta.url);

/** Reads the pinned stages. */
export async function readPins(): Promise<PinnedStages> {
  return JSON.parse(await Deno.readTextFile(PINS));
}

/** Every stage below pipeline/stages, in sub-folders too, with a version, as it is now. */
export async function currentStages(repository: string = REPOSITORY): Promise<PinnedStages> {
  const graphs: Record<string, { readonly version: number; readonly files: readonly string[] }> = {};
  for (const file of filesBelow("pipeline/stages", repository)) {
    const url = toFileUrl(join(repository, file)).href;
    const versions = Object.entries(stageVersions(await import(url)));
    if (versions.length === 0) continue;
    const files = await graphFiles(url, repository);
    for (const [name, version] of versions) graphs[name] = { version, files };
  }
  const all = new Set(Object.values(graphs).flatMap(({ files }) => files));
  const meanings = await readMeanings([...all], repository);
  const found = Object.entries(graphs).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(
    found.map(([name, { version, files }]) => [name, { version, graph: digestOf(files, meanings) }]),
  );
}

/** What is wrong with the pins, one line for each stage; empty if all is well. */
export function comparePins(pinned: PinnedStages, current: PinnedStages): string[] {
  const problems: string[] = [];
  for (const [name, now] of Object.entries(current)) {
    const then = pinned[name];
    if (then === undefined) {
      problems.push(`${name} is not pinned: run \`deno task pin-stages\``);
    } else if (then.graph !== now.graph && then.version === now.version) {
      problems.push(
        `the code of ${name} changed: bump its version if its output may differ, and run \`deno task pin-stages\` ` +
          `in any case`,
      );
    } else if (then.graph !== now.graph || then.version !== now.version) {
      problems.push(`${name} has version ${now.version}: run \`deno task pin-stages\``);
    }
  }
  for (const name of Object.keys(pinned)) {
    if (!(name in current)) problems.push(`${name} is pinned but gone: run \`deno task pin-stages\``);
  }
  return problems;
}

/** Versions of the stages that a module exports, by stage name. */
function stageVersions(module: Readonly<Record<string, unknown>>): Record<string, number> {
  const versions: Record<string, number> = {};
  for (const exported of Object.values(module)) {
    if (typeof exported !== "function" || !("spec" in exported)) continue;
    const { name, code } = exported.spec as { name: string; code: { type: string; version: number } };
    if (code.type === "version") versions[name] = code.version;
  }
  return versions;
}

/** Digest of what a module and all that it imports means. */
export async function digestGraph(url: string, repository: string = REPOSITORY): Promise<string> {
  const files = await graphFiles(url, repository);
  return digestOf(files, await readMeanings(files, repository));
}

/**
 * A module and all that it imports, sorted. The pipeline core is left out: it decides where results lie, not what they
 * are, and what it puts into keys has a format number of its own.
 */
async function graphFiles(url: string, repository: string): Promise<string[]> {
  const counts = (target: string) => {
    const file = inRepository(target, repository);
    return file !== undefined && !file.startsWith("pipeline/core/");
  };
  const graph = await readModuleGraph(url);
  const urls = new Set([url]);
  for (const { target } of walkImports(graph, url, counts)) {
    if (target !== undefined && counts(target)) urls.add(target);
  }
  return [...urls].map((file) => inRepository(file, repository)!).sort();
}

function digestOf(files: readonly string[], meanings: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0${meanings.get(file)}\0`);
  return hash.digest("hex");
}
