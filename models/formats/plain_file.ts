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
