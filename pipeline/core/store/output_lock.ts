// One run at a time writes into an output folder. The lock is a file in it that its run holds locked, and that says which
// run that is; it ends with the process however that comes, so a file that can be locked is what a killed run left.
import { dirname, join, resolve } from "@std/path";
import { PipelineError } from "../errors.ts";
import { exists, isUnwritable, removeQuietly, writeAll } from "../files.ts";
import { isWithoutLocks } from "./lock.ts";

const NAME = ".vicuna-lock";

/**
 * Holds an output folder, which is made, until it is disposed of; then what was made and is still empty is gone again. Where
 * the file system has no locks, nothing is held.
 *
 * @param run what this run is called in the error of another one
 * @throws {PipelineError} when another run holds it, naming that, or the folder cannot be written
 */
export async function holdOutput(outputPath: string, run: string): Promise<AsyncDisposable> {
  const folder = resolve(outputPath);
  const path = join(folder, NAME);
  const made = await missingFolders(folder);
  const file = await lockFile(folder, path);
  await file.truncate();
  await writeAll(file, new TextEncoder().encode(run)).catch(() => {}); // a full disk will be told of by what matters
  return {
    async [Symbol.asyncDispose]() {
      await removeQuietly(path);
      file.close();
      for (const each of made) await Deno.remove(each).catch(() => {});
    },
  };
}

async function lockFile(folder: string, path: string): Promise<Deno.FsFile> {
  while (true) {
    const file = await openIn(folder, path);
    try {
      if (!await file.tryLock(true)) throw await heldBy(folder, path);
      // Its holder may have taken the file away between the opening and the locking.
      const there = await Deno.stat(path).catch(() => undefined);
      if (there !== undefined && there.ino === (await file.stat()).ino) return file;
    } catch (error) {
      if (isWithoutLocks(error)) return file;
      file.close();
      throw error;
    }
    file.close();
  }
}

async function openIn(folder: string, path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    return await Deno.open(path, { create: true, read: true, write: true });
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    throw new PipelineError(`writing ${folder}: ${(error as Error).message}`, { cause: error });
  }
}

async function heldBy(folder: string, path: string): Promise<PipelineError> {
  const run = await Deno.readTextFile(path).catch(() => "");
  return new PipelineError(
    `writing ${folder}: another run writes into it${
      run === "" ? "" : ` (${run})`
    }. Wait for its end, or choose another ` +
      "--output-path",
    { kind: "busy" },
  );
}

/** The folder and those above it that are not there, the innermost first. */
async function missingFolders(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let each = folder; !await exists(each); each = dirname(each)) missing.push(each);
  return missing;
}
