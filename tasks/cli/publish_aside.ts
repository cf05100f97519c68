import { dirname, join, resolve } from "@std/path";
import { isDiskFull, listOwnFiles, removeQuietly, syncAndHashFile, syncFolder } from "../../pipeline/core/files.ts";
import { UsageError } from "./usage_error.ts";

/** What {@linkcode publishAside} is told. */
export interface Publication {
  /** Where the result should lie: a folder, or a file where `file` is given. */
  readonly path: string;
  /** Name, within the folder that is written, of the one file that is the result. */
  readonly file?: string | undefined;
  /** Whether what lies there may be replaced. */
  readonly overwrite: boolean;
  /** Bytes that the result takes, as far as is known when writing fails. */
  readonly bytesNeeded?: () => number;
}

/**
 * Writes a folder or a file whole or not at all: beside its place, flushed, then renamed there. What was there before
 * stays until then; it is replaced only if asked for.
 *
 * @param write fills an empty folder
 * @returns absolute path of the result, and its files relative to the folder they are in
 * @throws {UsageError} when something lies there and may not be replaced, or the disk is full
 */
export async function publishAside(
  { path, file, overwrite, bytesNeeded }: Publication,
  write: (directory: string) => Promise<void>,
): Promise<{ directory: string; files: string[] }> {
  const target = resolve(path);
  await checkTarget(target, file !== undefined, overwrite);
  const aside = join(dirname(target), `.vicuna-${crypto.randomUUID()}`);
  try {
    await Deno.mkdir(aside, { recursive: true });
    await write(aside);
    const files = await listOwnFiles(aside);
    for (const name of files) await syncAndHashFile(join(aside, name));
    await syncFolder(aside);
    await putInPlace(file === undefined ? aside : join(aside, file), target);
    await syncFolder(dirname(target));
    return file === undefined
      ? { directory: target, files }
      : { directory: dirname(target), files: [target.slice(dirname(target).length + 1)] };
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    const needed = bytesNeeded?.() || 0;
    throw new UsageError(
      `writing ${target}: the disk is full${needed > 0 ? `; ${needed} bytes are needed` : ""}. Nothing was kept`,
    );
  } finally {
    await removeQuietly(aside);
  }
}

async function checkTarget(target: string, wantsFile: boolean, overwrite: boolean): Promise<void> {
  const found = await Deno.stat(target).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory === wantsFile) {
    throw new UsageError(
      `writing ${target}: wanted a ${wantsFile ? "file" : "folder"}, found a ${wantsFile ? "folder" : "file"} there`,
    );
  }
  const empty = found.isDirectory && (await Array.fromAsync(Deno.readDir(target))).length === 0;
  if (!empty && !overwrite) {
    throw new UsageError(`writing ${target}: it exists; choose another --output-path, or give --overwrite`);
  }
}

/** A file replaces a file at once; a folder has to be moved away first. */
async function putInPlace(from: string, target: string): Promise<void> {
  const isFolder = (await Deno.stat(target).catch(() => undefined))?.isDirectory ?? false;
  if (!isFolder) return await Deno.rename(from, target);
  const old = join(dirname(target), `.vicuna-${crypto.randomUUID()}`);
  await Deno.rename(target, old);
  try {
    await Deno.rename(from, target);
  } catch (error) {
    await Deno.rename(old, target);
    throw error;
  }
  await removeQuietly(old);
}
