import { dirname, join, resolve } from "@std/path";
import type { LoadedPipeline } from "./load_pipeline.ts";

/** Where the lock of a pipeline lies: beside its file; for a recipe of this package, in the working folder. */
export function lockPathOf({ path, recipe }: LoadedPipeline): string {
  return join(recipe ? resolve(".") : dirname(path), "vicuna.lock.json");
}
