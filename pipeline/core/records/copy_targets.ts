import { dirname, join, resolve } from "@std/path";
import { Aside } from "../store/aside.ts";
import { DamagedTargetError, PipelineError } from "../errors.ts";
import {
  copyFileAtomically,
  exists,
  hashFile,
  isAbsent,
  isDiskFull,
  isUnreadable,
  isUnwritable,
  syncFolder,
  WrongContentError,
} from "../files.ts";
import type { TargetResult } from "../run/run.ts";

/** What {@link copyTargets} copies: the targets of a run's result. */
export interface TargetsResult {
  /** Targets by name. */
  readonly targets: Readonly<Record<string, TargetResult<unknown>>>;
}

/** A file that is copied. */
export interface Copy {
  readonly from: string;
  readonly sha256: string;
  /** Of the result. */
  readonly key: string;
  /** Relative to the output folder. */
  readonly to: string;
}

/**
 * Copies the files of every target of a run side by side into one folder. A name that two targets use for different
 * contents goes into a sub-folder per target, named like the target. All are written aside, in the folder, and compared
 * with what was published on the way; then what they replace is moved away, and then they are put in place. So whenever
 * this is ended, no new file lies beside an old one of the same run; what is unfinished has a `.vicuna-…` in its folder,
 * which the next run takes away. Files of the folder that the run did not write stay as they are.
 *
 * @returns the files written, relative to the folder, sorted.
 * @throws {DamagedTargetError} if a file of the cache is not what was published; the folder is as it was.
 * @throws {PipelineError} if the folder cannot be written.
 */
export async function copyTargets(result: TargetsResult, outputPath: string): Promise<string[]> {
  const folder = resolve(outputPath);
  const copies = layOut(result);
  let current = folder;
  try {
    await Deno.mkdir(folder, { recursive: true });
    await using aside = await Aside.open(folder);
    for (const { from, to, sha256, key } of copies) {
      current = join(folder, to);
      await expectRoom(folder, to);
      await copyOrExplain({ from, to: join(aside.fresh, to), sha256, key });
    }
    await exchange(folder, aside, copies.map(({ to }) => to));
  } catch (error) {
    if (error instanceof PipelineError || !isDiskFull(error) && !isUnwritable(error)) throw error;
    const needed = await totalSize(copies);
    throw new PipelineError(
      `writing ${current} (${needed} bytes are needed in all): ${(error as Error).message}`,
      { cause: error },
    );
  }
  return copies.map(({ to }) => to).sort();
}

/**
 * Moves what lies at some paths away, then puts the new files there; when that fails, all is as it was.
 *
 * @throws {PipelineError} when something cannot be put back, saying where it is kept
 */
async function exchange(folder: string, aside: Aside, paths: readonly string[]): Promise<void> {
  const { fresh, old } = aside;
  const undo: (() => Promise<void>)[] = [];
  const move = async (path: string, from: string, to: string) => {
    await moveFile(join(from, path), join(to, path));
    undo.push(() => moveFile(join(to, path), join(from, path)));
  };
  try {
    for (const path of paths) if (await exists(join(folder, path))) await move(path, folder, old);
    for (const path of paths) await move(path, fresh, folder);
  } catch (error) {
    for (const back of undo.reverse()) await back().catch(() => {}); // what is still in `old` tells
    const isBack = await Promise.all(paths.map(async (path) => !await exists(join(old, path))));
    if (isBack.every(Boolean)) throw error;
    await aside.keep();
    throw new PipelineError(
      `writing ${folder}: ${(error as Error).message}. What was there could not be put back; it is kept in ${old}`,
      { cause: error },
    );
  }
  for (const path of paths) await syncFolder(dirname(join(folder, path)));
}

/** Makes sure, before anything is moved, that a file can lie where it should. */
async function expectRoom(folder: string, to: string): Promise<void> {
  const path = join(folder, to);
  await Deno.mkdir(dirname(path), { recursive: true });
  const found = await Deno.lstat(path).catch(() => undefined);
  if (found?.isDirectory) throw new Deno.errors.AlreadyExists(`there is a folder of this name (os error 17)`);
}

async function copyOrExplain({ from, to, sha256, key }: Copy): Promise<void> {
  try {
    await copyFileAtomically(from, to, sha256);
  } catch (error) {
    if (error instanceof WrongContentError || await cannotBeRead(from)) throw new DamagedTargetError(from, key);
    throw error;
  }
}

async function moveFile(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.rename(from, to);
}

/** Where each file of the targets goes. */
export function layOut({ targets }: TargetsResult): Copy[] {
  const byName = new Map<string, (Omit<Copy, "to"> & { target: string })[]>();
  for (const [target, { dir, key, sha256 }] of Object.entries(targets)) {
    for (const [file, digest] of Object.entries(sha256)) {
      const users = byName.get(file) ?? [];
      users.push({ target, key, from: join(dir, file), sha256: digest });
      byName.set(file, users);
    }
  }
  const copies: Copy[] = [];
  for (const [name, users] of byName) {
    const alike = new Set(users.map(({ sha256 }) => sha256)).size === 1;
    if (alike) copies.push(...users.slice(0, 1).map(({ target: _, ...copy }) => ({ ...copy, to: name })));
    else copies.push(...users.map(({ target, ...copy }) => ({ ...copy, to: `${target}/${name}` })));
  }
  return copies;
}

async function cannotBeRead(path: string): Promise<boolean> {
  return await hashFile(path).then(() => false, (error) => isAbsent(error) || isUnreadable(error));
}

async function totalSize(copies: readonly Copy[]): Promise<number> {
  let total = 0;
  for (const { from } of copies) total += (await Deno.stat(from).catch(() => ({ size: 0 }))).size;
  return total;
}
