import { statfs } from "node:fs/promises";
import { PipelineError } from "../errors.ts";
import { listInputFiles } from "../files.ts";
import type { Step } from "../stage/graph.ts";
import { join } from "@std/path";

const written = new WeakMap<object, number>();

/** Notes how much a stage had written when the disk was full, before that is removed. */
export async function noteWritten(error: unknown, folder: string): Promise<void> {
  if (typeof error !== "object" || error === null) return;
  let bytes = 0;
  for (const path of await listInputFiles(folder).catch(() => [])) {
    bytes += (await Deno.stat(join(folder, path)).catch(() => ({ size: 0 }))).size;
  }
  written.set(error, bytes);
}

/** The one error that a full disk is. */
export async function diskFull(step: Step, cacheDir: string, cause: unknown): Promise<PipelineError> {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const bytes = typeof cause === "object" && cause !== null ? written.get(cause) : undefined;
  const free = await statfs(cacheDir).then(({ bavail, bsize }) => bavail * bsize, () => undefined);
  const needed = bytes === undefined ? "" : ` It had written ${bytes} bytes and needs more.`;
  return new PipelineError(
    `running ${step.name}: the disk is full (${detail}). Nothing of it was published and what it had written was ` +
      `removed.${needed} Free space${
        free === undefined ? "" : ` (${free} bytes are free now)`
      }, or choose another disk ` +
      `for the cache (now ${cacheDir}).`,
    { cause },
  );
}
