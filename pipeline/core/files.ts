import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { PipelineError } from "./errors.ts";

const CHUNK = 1 << 20;

/** SHA-256 and length of an open file from where it stands to its end. */
async function hashOpen(file: Deno.FsFile, signal: AbortSignal | undefined): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK);
  let size = 0;
  for (let read = await file.read(chunk); read !== null; read = await file.read(chunk)) {
    signal?.throwIfAborted();
    hash.update(chunk.subarray(0, read));
    size += read;
  }
  return { size, sha256: hash.digest("hex") };
}

/** SHA-256 (hexadecimal) and length of a file's content. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<{ size: number; sha256: string }> {
  using file = await Deno.open(path, { read: true });
  return await hashOpen(file, signal);
}

/** Brings a file's content to the disk, and hashes it on the way. */
export async function syncAndHashFile(path: string, signal?: AbortSignal): Promise<{ size: number; sha256: string }> {
  using file = await Deno.open(path, { read: true, write: true });
  const hashed = await hashOpen(file, signal);
  await file.sync();
  return hashed;
}

/** Brings a folder's list of names to the disk. Some systems cannot open a folder; they need no such call. */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path, { read: true });
  await folder.sync();
}

/**
 * Writes a file whole or not at all: beside its place, flushed, then renamed over it.
 *
 * @param prefix begins the temporary name, so that leavings of a killed process can be told.
 */
export async function writeFileAtomically(path: string, text: string, prefix = ".vicuna-"): Promise<void> {
  const folder = dirname(path);
  await Deno.mkdir(folder, { recursive: true });
  const aside = join(folder, `${prefix}${crypto.randomUUID()}`);
  try {
    {
      using file = await Deno.open(aside, { write: true, createNew: true });
      await writeAll(file, new TextEncoder().encode(text));
      await file.sync();
    }
    await Deno.rename(aside, path);
  } catch (error) {
    await removeQuietly(aside);
    throw error;
  }
  await syncFolder(folder);
}

/** A file is not what it should be. */
export class WrongContentError extends Error {}

/**
 * Copies a file whole or not at all: beside its place, then renamed over it. The folder is made when it is missing.
 *
 * @param sha256 what the content should have: hashed while it is copied, so it is read once.
 * @param onBytes is told how many bytes each step has copied
 * @throws {WrongContentError} when it has another; what lay at `to` then stays.
 */
export async function copyFileAtomically(
  from: string,
  to: string,
  sha256?: string,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  const folder = dirname(to);
  await Deno.mkdir(folder, { recursive: true });
  const aside = join(folder, `.vicuna-${crypto.randomUUID()}`);
  try {
    const found = await copyAndHash(from, aside, onBytes);
    if (sha256 !== undefined && found !== sha256) throw new WrongContentError(from);
    await Deno.rename(aside, to);
  } catch (error) {
    await removeQuietly(aside);
    throw error;
  }
}

async function copyAndHash(from: string, to: string, onBytes?: (bytes: number) => void): Promise<string> {
  using source = await Deno.open(from, { read: true });
  using target = await Deno.open(to, { write: true, createNew: true });
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK);
  for (let read = await source.read(chunk); read !== null; read = await source.read(chunk)) {
    hash.update(chunk.subarray(0, read));
    await writeAll(target, chunk.subarray(0, read));
    onBytes?.(read);
  }
  return hash.digest("hex");
}

/** Writes all bytes to an open file. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** Removes a file or a folder with all it holds; does not mind when it is not there or cannot be removed. */
export async function removeQuietly(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
}

/** Says whether something lies at a path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** Says whether an error means that there is nothing at a path. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/**
 * Numbers of the errors of a place that cannot be read as what it should be: EIO, ENXIO, EACCES, ENOTDIR, EISDIR, EINVAL,
 * ELOOP, ENODATA, EBADMSG, EUCLEAN, ESTALE. A process out of memory or descriptors says nothing of the disk.
 */
const UNREADABLE = new Set([5, 6, 13, 20, 21, 22, 40, 61, 74, 117, 116]);

/** Says whether an error means that something cannot be read: a bad disk, or a folder where a file should be. */
export function isUnreadable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const number = /\(os error (\d+)\)/.exec(error.message)?.[1];
  return number === undefined
    ? error instanceof Deno.errors.IsADirectory || error instanceof Deno.errors.PermissionDenied
    : UNREADABLE.has(Number(number));
}

/** Says whether an error means that nothing can be written at a path: not allowed, or something else lies there. */
export function isUnwritable(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.AlreadyExists ||
    isAbsent(error) || (error instanceof Error && /os error (17|20|21|30)\b/.test(error.message));
}

/** Says whether an error means that the disk (or the user's share of it) is full. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" || /os error (28|122)\b/.test(error.message);
}

/** Files below a folder that a stage wrote, by relative path with `/`, sorted. Refuses links and special files. */
export async function listOwnFiles(dir: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(dir, prefix))) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory) found.push(...await listOwnFiles(dir, path));
    else if (entry.isFile) found.push(path);
    else throw new PipelineError(`publishing ${path}: wanted a plain file, found a link or a special file`);
  }
  return found.sort();
}

/** Where a list of files has come to. */
interface Listing {
  readonly prefix: string;
  /** Real paths of the folders above. */
  readonly above: readonly string[];
}

/**
 * Files below a folder of the user's, by relative path with `/`, sorted. Links are followed (model caches are made of
 * them), but never round in a circle.
 *
 * @param enter says which folders below are looked into, by relative path.
 */
export async function listInputFiles(
  dir: string,
  enter: (name: string) => boolean = () => true,
  { prefix, above }: Listing = { prefix: "", above: [] },
): Promise<string[]> {
  const here = join(dir, prefix);
  const real = await Deno.realPath(here);
  if (above.includes(real)) return [];
  const found: string[] = [];
  for await (const entry of Deno.readDir(here)) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    // A link that leads nowhere is listed: if the file is wanted, reading it says so.
    const info = entry.isSymlink ? await Deno.stat(join(dir, path)).catch(() => entry) : entry;
    if (info.isDirectory) {
      if (enter(path)) found.push(...await listInputFiles(dir, enter, { prefix: path, above: [...above, real] }));
    } else if (info.isFile || info.isSymlink) found.push(path);
  }
  return found.sort();
}
