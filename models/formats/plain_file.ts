import { FormatError } from "./error.ts";

/**
 * Makes sure that a path leads to a plain file before it is opened: a device never ends, and to open a pipe waits for its
 * writer.
 *
 * @returns its size in bytes
 * @throws {FormatError} when it is anything else, or larger than `maxBytes`
 * @throws {Deno.errors.NotFound} when there is nothing
 */
export async function expectPlainFile(path: string, maxBytes = Infinity): Promise<number> {
  const { isFile, isDirectory, size } = await Deno.stat(path);
  if (!isFile) {
    throw new FormatError(`${path}: wanted a plain file, found a ${isDirectory ? "folder" : "device or a pipe"}`);
  }
  if (size > maxBytes) throw new FormatError(`${path} has ${size} bytes; wanted at most ${maxBytes}`);
  return size;
}

const POINTER = "version https://git-lfs.github.com/spec/";
/** Pointers have some 130 bytes. */
const MAX_POINTER_BYTES = 1024;

/**
 * Says so when a file is what git leaves in place of a large file that was not fetched.
 *
 * @throws {FormatError} when it is a pointer
 */
export async function refusePointer(path: string, size: number): Promise<void> {
  if (size < POINTER.length || size > MAX_POINTER_BYTES) return;
  if (!(await Deno.readTextFile(path).catch(() => "")).startsWith(POINTER)) return;
  throw new FormatError(`${path} is a git-lfs pointer, not the file itself: fetch it with \`git lfs pull\``);
}
