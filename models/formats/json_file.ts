import { expectPlainFile, refusePointer } from "./plain_file.ts";
import { parseStrictJson } from "./strict_json.ts";

/** The largest JSON file of a model folder that is read: tokenizer files of large vocabularies stay under 50 MB. */
const MAX_JSON_BYTES = 200_000_000;

/**
 * Reads a JSON file strictly.
 *
 * @returns the value, or undefined when there is no such file
 * @throws {FormatError} when it is no plain file, not JSON, repeats a key or is larger than 200 MB
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const bytes = await readFileIfPresent(path, MAX_JSON_BYTES);
  return bytes === undefined ? undefined : parseStrictJson(bytes, path);
}

/**
 * Reads a whole file.
 *
 * @returns the bytes, or undefined when there is no such file
 * @throws {FormatError} when it is no plain file, or larger than `maxBytes`
 */
export async function readFileIfPresent(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    await refusePointer(path, await expectPlainFile(path, maxBytes));
    return await Deno.readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** True when there is a file or folder of that name. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** A path through a file, as through a folder, leads nowhere too. */
function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
