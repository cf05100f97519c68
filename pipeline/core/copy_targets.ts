import { join, resolve } from "@std/path";
import { DamagedTargetError, PipelineError } from "./errors.ts";
import { copyFileAtomically, isAbsent, isDiskFull, WrongContentError } from "./files.ts";
import type { TargetResult } from "./run.ts";

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
 * contents goes into a sub-folder per target, named like the target. Each file is written beside its place and renamed
 * over it, and compared with what was published on the way; files of the folder that the run did not write stay as they
 * are.
 *
 * @returns the files written, relative to the folder, sorted.
 * @throws {DamagedTargetError} if a file of the cache is not what was published.
 * @throws {PipelineError} if the folder cannot be written; a file is then old or new, never torn.
 */
export async function copyTargets(result: TargetsResult, outputPath: string): Promise<string[]> {
  const folder = resolve(outputPath);
  const copies = layOut(result);
  for (const { from, to, sha256, key } of copies) {
    try {
      await copyFileAtomically(from, join(folder, to), sha256);
    } catch (error) {
      if (error instanceof WrongContentError) throw new DamagedTargetError(from, key);
      if (!isDiskFull(error) && !isUnwritable(error)) throw error;
      const needed = await totalSize(copies);
      throw new PipelineError(
        `writing ${join(folder, to)} (${needed} bytes are needed in all): ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
  return copies.map(({ to }) => to).sort();
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

function isUnwritable(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.AlreadyExists ||
    isAbsent(error) || (error instanceof Error && /os error (17|20|21|30)\b/.test(error.message));
}

async function totalSize(copies: readonly Copy[]): Promise<number> {
  let total = 0;
  for (const { from } of copies) total += (await Deno.stat(from).catch(() => ({ size: 0 }))).size;
  return total;
}
