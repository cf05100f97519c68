import { join, resolve } from "@std/path";
import { PipelineError } from "./errors.ts";
import { copyFileAtomically, hashFile, isAbsent, isDiskFull } from "./files.ts";
import type { TargetResult } from "./run.ts";

/** What {@link copyTargets} copies: the targets of a run's result. */
export interface TargetsResult {
  /** Targets by name. */
  readonly targets: Readonly<Record<string, TargetResult<unknown>>>;
}

interface Copy {
  readonly from: string;
  /** Relative to the output folder. */
  readonly to: string;
}

/**
 * Copies the files of every target of a run side by side into one folder. A name that two targets use for different
 * contents goes into a sub-folder per target, named like the target. Each file is written beside its place and renamed
 * over it; files of the folder that the run did not write stay as they are.
 *
 * @returns the files written, relative to the folder, sorted.
 * @throws {PipelineError} if the folder cannot be written; a file is then old or new, never torn.
 */
export async function copyTargets(result: TargetsResult, outputPath: string): Promise<string[]> {
  const folder = resolve(outputPath);
  const copies = await layOut(result);
  for (const { from, to } of copies) {
    try {
      await copyFileAtomically(from, join(folder, to));
    } catch (error) {
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

async function layOut({ targets }: TargetsResult): Promise<Copy[]> {
  const byName = new Map<string, { target: string; from: string }[]>();
  for (const [target, { dir, files }] of Object.entries(targets)) {
    for (const file of files) {
      const users = byName.get(file) ?? [];
      users.push({ target, from: join(dir, file) });
      byName.set(file, users);
    }
  }
  const copies: Copy[] = [];
  for (const [name, users] of byName) {
    const digests = new Set<string>();
    if (users.length > 1) { for (const { from } of users) digests.add((await hashFile(from)).sha256); }
    if (digests.size > 1) copies.push(...users.map(({ target, from }) => ({ from, to: `${target}/${name}` })));
    else copies.push(...users.slice(0, 1).map(({ from }) => ({ from, to: name })));
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
