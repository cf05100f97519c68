import { fromFileUrl, join, relative, SEPARATOR, toFileUrl } from "@std/path";
import { type ModuleGraph, readModuleGraph } from "../../pipeline/core/stage/module_graph.ts";
import type { Imports } from "./import_law.ts";

/** Absolute path of the repository. */
export const REPOSITORY: string = fromFileUrl(new URL("../../", import.meta.url));

const SOURCE_FOLDERS = ["pipeline", "kernels", "models", "datasets", "tasks", "examples", "tests"];

/** All TypeScript files of the repository, relative to it, with `/` between names, sorted. */
export function sourceFiles(): string[] {
  return ["mod.ts", ...SOURCE_FOLDERS.flatMap((folder) => filesBelow(folder))].sort();
}

/** TypeScript files of a folder and all below it, relative to the repository, with `/` between names, sorted. */
export function filesBelow(folder: string, repository: string = REPOSITORY): string[] {
  const found = [...Deno.readDirSync(join(repository, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? filesBelow(path, repository) : /\.tsx?$/.test(name) ? [path] : [];
  });
  return found.sort();
}

/** Every import between the given files and whatever else of the repository they reach, those of types included. */
export async function readImports(files: readonly string[]): Promise<Imports> {
  const graph = await readGraphOf(files);
  const imports = new Map<string, string[]>();
  for (const [url, module] of graph.modules) {
    const file = inRepository(url);
    if (file === undefined) continue;
    const targets = new Set<string>();
    for (const { code, type } of module.dependencies ?? []) {
      for (const specifier of [code?.specifier, type?.specifier]) {
        const target = specifier === undefined ? undefined : inRepository(graph.redirects[specifier] ?? specifier);
        if (target !== undefined) targets.add(target);
      }
    }
    imports.set(file, [...targets]);
  }
  return imports;
}

/** One graph that holds all of the given files: that of a module which imports them all. */
async function readGraphOf(files: readonly string[]): Promise<ModuleGraph> {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-architecture-" });
  try {
    const all = join(folder, "all.ts");
    const lines = files.map((file) => `import ${JSON.stringify(toFileUrl(join(REPOSITORY, file)).href)};\n`);
    await Deno.writeTextFile(all, lines.join(""));
    return await readModuleGraph(toFileUrl(all).href);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A URL's path relative to the repository; undefined for what lies elsewhere, and for ambient types. */
export function inRepository(url: string, repository: string = REPOSITORY): string | undefined {
  if (!url.startsWith("file://")) return undefined;
  const path = relative(repository, fromFileUrl(url)).replaceAll(SEPARATOR, "/");
  return path.startsWith("../") || path.includes("node_modules/") || path.endsWith(".d.ts") ? undefined : path;
}
