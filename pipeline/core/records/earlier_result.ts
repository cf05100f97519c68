// What an output folder holds of an earlier run: it is moved beside the folder before another result takes its place.
import { dirname, join, resolve } from "@std/path";
import { layOut, type TargetsResult } from "./copy_targets.ts";
import { PipelineError } from "../errors.ts";
import { exists, hashFile, isAbsent, isUnreadable, writeFileAtomically } from "../files.ts";
import { isPlainObject } from "../json.ts";

/** Name of the file in an output folder that says which result lies there. */
export const RESULT_NOTE = "vicuna-output.json";

interface Note {
  /** Digests of the targets by name. */
  readonly targets: Readonly<Record<string, string>>;
  /** The files of the result, relative to the folder. */
  readonly files: readonly string[];
}

/** Notes in an output folder which result was copied there. */
export async function noteResult(result: TargetsResult, outputPath: string, files: readonly string[]): Promise<void> {
  const note: Note = { targets: digestsOf(result), files };
  await writeFileAtomically(join(resolve(outputPath), RESULT_NOTE), `${JSON.stringify({ format: 1, ...note })}\n`);
}

/**
 * Moves the files of an earlier result that an output folder holds beside it, into `FOLDER.1` or the next number that is
 * free, unless they are what is to be written there anyway. Without a note they are told by their names. Files that no run
 * wrote stay where they are.
 *
 * @returns the folder that the earlier result was moved to; undefined when there was none
 * @throws {PipelineError} when it cannot be moved, or the note cannot be read
 */
export async function keepEarlierResult(result: TargetsResult, outputPath: string): Promise<string | undefined> {
  const folder = resolve(outputPath);
  const note = await readNote(folder);
  if (note !== undefined && sameTargets(note.targets, digestsOf(result))) return undefined;
  const coming = new Map(layOut(result).map(({ to, sha256 }) => [to, sha256]));
  const names: string[] = [];
  for (const name of note?.files ?? coming.keys()) {
    if ((await Deno.lstat(join(folder, name)).catch(() => undefined))?.isFile) names.push(name);
  }
  if (names.length === 0 || note === undefined && await areSame(folder, names, coming)) return undefined;
  const kept = await freeName(folder);
  try {
    for (const name of [...names, ...note === undefined ? [] : [RESULT_NOTE]]) {
      await Deno.mkdir(dirname(join(kept, name)), { recursive: true });
      await Deno.rename(join(folder, name), join(kept, name));
      await removeEmpty(dirname(join(folder, name)), folder);
    }
  } catch (error) {
    throw new PipelineError(
      `${folder} holds another result, which could not be moved to ${kept}: ${
        (error as Error).message
      }. Choose another ` +
        `--output-path, or give --overwrite`,
      { cause: error },
    );
  }
  return kept;
}

/** `PATH.1`, or the next number that is free. */
export async function freeName(path: string): Promise<string> {
  for (let number = 1;; number++) {
    if (!await exists(`${path}.${number}`)) return `${path}.${number}`;
  }
}

function digestsOf({ targets }: TargetsResult): Record<string, string> {
  return Object.fromEntries(Object.entries(targets).map(([name, { digest }]) => [name, digest]));
}

function sameTargets(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

async function areSame(
  folder: string,
  names: readonly string[],
  coming: ReadonlyMap<string, string>,
): Promise<boolean> {
  for (const name of names) {
    const found = await hashFile(join(folder, name)).catch((error) => {
      if (isUnreadable(error)) return undefined;
      throw error;
    });
    if (found?.sha256 !== coming.get(name)) return false;
  }
  return true;
}

/** The note of a folder; undefined where there is none, or none that makes sense. */
async function readNote(folder: string): Promise<Note | undefined> {
  const path = join(folder, RESULT_NOTE);
  let note: unknown;
  try {
    note = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return undefined;
    if (isUnreadable(error)) throw new PipelineError(`reading ${path}: ${(error as Error).message}`, { cause: error });
    throw error;
  }
  if (!isPlainObject(note) || !isPlainObject(note.targets) || !Array.isArray(note.files)) return undefined;
  // What it names is moved: nothing outside the folder may be.
  const isOwn = (name: unknown) => typeof name === "string" && /^(?!\/|.*(^|\/)\.\.(\/|$))[^\\\0]+$/.test(name);
  return note.files.every(isOwn) ? note as unknown as Note : undefined;
}

/** Removes a folder that has become empty, and those above it, but not the output folder. */
async function removeEmpty(path: string, top: string): Promise<void> {
  for (let folder = path; folder !== top && folder.startsWith(top); folder = dirname(folder)) {
    try {
      await Deno.remove(folder); // only an empty one
    } catch {
      return;
    }
  }
}
