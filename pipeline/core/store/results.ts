// Where the results of other processes' runs lie: those that are published, and those that still grow.
import { join } from "@std/path";
import { isAbsent } from "../files.ts";
import type { JsonObject } from "../json.ts";
import { outputDigest } from "./manifest.ts";
import { type Entry, Store } from "./store.ts";

/** A published result, if it is there with all its files. They are not read. */
export async function publishedResult(cacheDir: string, stage: string, key: string): Promise<Entry | undefined> {
  const found = await new Store(cacheDir).lookup(stage, key, { verify: false });
  return found.state === "hit" ? found.entry : undefined;
}

/** The folder in which the result of a key grows now, if one does: the one that was written to last. */
export async function growingResult(cacheDir: string, stage: string, key: string): Promise<string | undefined> {
  const found = await newestFolder(join(cacheDir, "staging"), (name) => name.startsWith(`${stage}-${key}-`));
  return found && join(found, "output");
}

/** The folder in which a run of the key that did not end has left what its continuation needs. */
export async function scratchOfKey(cacheDir: string, stage: string, key: string): Promise<string | undefined> {
  return await newestFolder(join(cacheDir, "scratch", stage), (name) => name === key || name.startsWith(`${key}.`));
}

/** The folder of a result that has the digest: the whole, or one of its parts. */
export function folderWithDigest({ dir, manifest }: Entry, digest: string): string | undefined {
  if (manifest.digest === digest) return dir;
  const parts = new Set(manifest.files.flatMap(({ path }) => path.includes("/") ? [path.split("/")[0] ?? ""] : []));
  for (const part of parts) {
    const files = manifest.files
      .filter(({ path }) => path.startsWith(`${part}/`))
      .map((file) => ({ ...file, path: file.path.slice(part.length + 1) }));
    const meta = manifest.meta[part];
    if (meta !== undefined && outputDigest(files, meta as JsonObject) === digest) return join(dir, part);
  }
  return undefined;
}

async function newestFolder(parent: string, fits: (name: string) => boolean): Promise<string | undefined> {
  let newest: { path: string; time: number } | undefined;
  try {
    for await (const { name } of Deno.readDir(parent)) {
      if (!fits(name)) continue;
      const path = join(parent, name);
      const info = await Deno.stat(path).catch(() => undefined); // it may just have gone
      const time = info?.mtime?.getTime() ?? 0;
      if (info !== undefined && (newest === undefined || time > newest.time)) newest = { path, time };
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  return newest?.path;
}
