import { basename, dirname, join, resolve } from "@std/path";
import { Aside } from "../../pipeline/core/store/aside.ts";
import { isAbsent, isDiskFull, listOwnFiles, syncAndHashFile, syncFolder } from "../../pipeline/core/files.ts";
import { EXPORT_MARKER, exportMarker, whyNotReplaceFile, whyNotReplaceFolder } from "./replaceable.ts";
import { UsageError } from "./usage_error.ts";

/** What {@linkcode publishAside} is told. */
export interface Publication {
  /** Where the result should lie: a folder, or a file where `file` is given. */
  readonly path: string;
  /** Name, within the folder that is written, of the one file that is the result. */
  readonly file?: string | undefined;
  /** Whether an export that lies there may be replaced. */
  readonly overwrite: boolean;
  /** Paths that the result is made of: never replaced. */
  readonly inputs: readonly string[];
  /** Bytes that the result takes, as far as is known when writing fails. */
  readonly bytesNeeded?: () => number;
}

/**
 * Writes a folder or a file whole or not at all: beside its place, flushed, then renamed there. What was there before
 * stays until then; it is replaced only if asked for, and if it is an export.
 *
 * @param write fills an empty folder
 * @returns absolute path of the result, and its files relative to the folder they are in
 * @throws {UsageError} when something lies there and may not be replaced, or the disk is full
 */
export async function publishAside(
  { path, file, overwrite, inputs, bytesNeeded }: Publication,
  write: (directory: string) => Promise<void>,
): Promise<{ directory: string; files: string[] }> {
  const target = await withoutLinks(resolve(path));
  await checkTarget(target, file !== undefined, overwrite, inputs);
  try {
    await using aside = await Aside.open(dirname(target), basename(target));
    await write(aside.fresh);
    const files = await listOwnFiles(aside.fresh);
    if (file === undefined) await Deno.writeTextFile(join(aside.fresh, EXPORT_MARKER), exportMarker(files));
    for (const name of await listOwnFiles(aside.fresh)) await syncAndHashFile(join(aside.fresh, name));
    await syncFolder(aside.fresh);
    await checkTarget(target, file !== undefined, overwrite, inputs); // somebody may have put something there meanwhile
    await putInPlace(file === undefined ? aside.fresh : join(aside.fresh, file), target, aside);
    return file === undefined
      ? { directory: target, files }
      : { directory: dirname(target), files: [basename(target)] };
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    const needed = bytesNeeded?.() || 0;
    throw new UsageError(
      `writing ${target}: the disk is full${needed > 0 ? `; ${needed} bytes are needed` : ""}. Nothing was kept`,
    );
  }
}

/** A file replaces a file at once; a folder has to be moved away first. When that fails, all is as it was. */
async function putInPlace(from: string, target: string, aside: Aside): Promise<void> {
  const found = await Deno.lstat(target).catch(() => undefined);
  if (found?.isDirectory !== true) await Deno.rename(from, target);
  else {
    await Deno.rename(target, aside.old);
    try {
      await Deno.rename(from, target);
    } catch (error) {
      await putBack(aside, target, error);
      throw error;
    }
  }
  await syncFolder(dirname(target));
}

/** @throws {UsageError} when the earlier export cannot be put back, saying where it is kept */
async function putBack(aside: Aside, target: string, why: unknown): Promise<void> {
  try {
    await Deno.rename(aside.old, target);
  } catch {
    await aside.keep();
    throw new UsageError(
      `writing ${target}: ${(why as Error).message}. What was there could not be put back; it is kept in ${aside.old}`,
    );
  }
}

/** Where a path leads: what a link names is replaced, not the link. */
async function withoutLinks(path: string): Promise<string> {
  return await Deno.realPath(path).catch((error) => {
    if (isAbsent(error)) return path;
    throw error;
  });
}

async function checkTarget(
  target: string,
  wantsFile: boolean,
  overwrite: boolean,
  inputs: readonly string[],
): Promise<void> {
  const found = await Deno.stat(target).catch((error) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (found.isDirectory === wantsFile) {
    throw new UsageError(
      `writing ${target}: wanted a ${wantsFile ? "file" : "folder"}, found a ${wantsFile ? "folder" : "file"} there`,
    );
  }
  const empty = found.isDirectory && (await Array.fromAsync(Deno.readDir(target))).length === 0;
  if (!empty && !overwrite) {
    throw new UsageError(`writing ${target}: it exists; choose another --output-path, or give --overwrite`, {
      kind: "exists",
    });
  }
  const why = await (wantsFile ? whyNotReplaceFile : whyNotReplaceFolder)(target, inputs);
  if (why === undefined) return;
  throw new UsageError(`writing ${target}: ${why}, so it is not replaced; choose another --output-path`);
}
