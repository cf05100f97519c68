// What `--overwrite` may replace: an export of ours or nothing, and never what somebody would miss.
import { join, SEPARATOR } from "@std/path";
import { listInputFiles } from "../../pipeline/core/files.ts";

/** Written into each exported folder: the names of its files. A folder with any other is somebody's own. */
export const EXPORT_MARKER = "vicuna_export.json";

/** The content of {@linkcode EXPORT_MARKER} for a folder with these files. */
export function exportMarker(files: readonly string[]): string {
  return `${JSON.stringify({ format: 1, files }, null, 2)}\n`;
}

/**
 * Why a folder must not be replaced, or undefined when it may be.
 *
 * @param path a folder, without links
 * @param inputs paths that the new one is made of
 */
export async function whyNotReplaceFolder(path: string, inputs: readonly string[]): Promise<string | undefined> {
  const home = await realPath(Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE"));
  if (home !== undefined && isWithin(home, path)) return "it is a home folder, or holds it";
  if (isWithin(await Deno.realPath("."), path)) return "it is the working folder, or holds it";
  for (const input of inputs) {
    const real = await realPath(input);
    if (real !== undefined && isWithin(real, path)) return `it is, or holds, ${input}, which is read`;
  }
  const entries = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
  if (entries.includes(".git")) return "it has a .git";
  if (entries.length === 0) return undefined;
  if (!entries.includes(EXPORT_MARKER)) return `it was not written by export: it has no ${EXPORT_MARKER}`;
  const known = await exportedFiles(join(path, EXPORT_MARKER));
  const foreign = (await listInputFiles(path)).find((name) => name !== EXPORT_MARKER && !known.has(name));
  return foreign === undefined ? undefined : `${foreign} in it was not written by export`;
}

/**
 * Why a file must not be replaced, or undefined when it may be: an export is a GGUF file.
 *
 * @param path a file, without links
 */
export async function whyNotReplaceFile(path: string, inputs: readonly string[]): Promise<string | undefined> {
  if (!(await Deno.stat(path)).isFile) return "it is no plain file";
  for (const input of inputs) {
    const real = await realPath(input);
    if (real !== undefined && isWithin(path, real)) return `it is, or lies in, ${input}, which is read`;
  }
  using file = await Deno.open(path, { read: true });
  const magic = new Uint8Array(4);
  const read = await file.read(magic);
  return read === null || new TextDecoder().decode(magic) === "GGUF" ? undefined : "it is no GGUF file";
}

/** Whether a path is another or lies in it; both without links. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(SEPARATOR) ? folder : folder + SEPARATOR);
}

async function realPath(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : await Deno.realPath(path).catch(() => undefined);
}

async function exportedFiles(marker: string): Promise<Set<unknown>> {
  try {
    const { files } = JSON.parse(await Deno.readTextFile(marker));
    return new Set(Array.isArray(files) ? files : []);
  } catch {
    return new Set();
  }
}
