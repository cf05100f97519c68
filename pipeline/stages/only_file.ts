import { join } from "@std/path";
import type { AnyKind, StageInput } from "../core/mod.ts";

/** The path of an input that is one file: a file of the user's, or the only one in the folder that a stage made. */
export function onlyFile<K extends AnyKind>({ path, dir, files }: StageInput<K>): string {
  const only = files.length === 1 ? files[0] : undefined;
  return path === dir && only !== undefined ? join(dir, only.path) : path;
}
