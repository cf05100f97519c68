import type { z } from "zod";
import type { JsonObject } from "../../../pipeline/core/mod.ts";
import { type LockedPipeline, readLockFile, sameKeys } from "../../../pipeline/core/upkeep.ts";
import { kebabCase } from "./flags.ts";
import type { LoadedPipeline } from "../load_pipeline.ts";
import { lockPathOf } from "../lock_path.ts";
import type { Messages } from "../messages.ts";
import { UsageError } from "../usage_error.ts";

/**
 * What the lock says of a pipeline: its stages, and the options with which it is run again. Options on the command line that
 * change no key, such as how often a training logs, are taken from there.
 *
 * @param given options on the command line, by field
 * @throws {UsageError} if there is no such lock, or options were given that would change a key: with both values
 */
export async function lockOf(
  loaded: LoadedPipeline,
  given: Readonly<Record<string, unknown>>,
  messages: Messages,
): Promise<LockedPipeline> {
  const path = lockPathOf(loaded);
  const locked = (await readLockFile(path))[loaded.name];
  if (locked === undefined) throw new UsageError(messages.noLock(loaded.name, path));
  const shape: Readonly<Record<string, z.ZodType>> = loaded.pipeline.options.shape;
  const taken: Record<string, unknown> = { ...locked.options };
  const lines: string[] = [];
  for (const [field, value] of Object.entries(given)) {
    const [wanted, found] = [locked.options[field], value].map((each) => written(shape[field], each));
    const other = { ...locked.options, [field]: value };
    if (wanted === found || await sameKeys(loaded.pipeline, loaded.name, locked.options, other)) taken[field] = value;
    else lines.push(`  ${messages.otherThanLock(`--${kebabCase(field)}`, found, wanted)}`);
  }
  if (lines.length > 0) throw new UsageError(`${messages.notTheLocks(path)}\n${lines.join("\n")}`);
  return { ...locked, options: taken as JsonObject };
}

/** What a field makes of a value, a default of an absent one, as JSON; undefined for nothing. */
function written(field: z.ZodType | undefined, value: unknown): string | undefined {
  const read = field?.safeParse(value);
  return JSON.stringify(read?.success ? read.data : value);
}
