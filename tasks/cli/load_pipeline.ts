import { basename, resolve, toFileUrl } from "@std/path";
import { type AnyPipeline, isPipeline } from "../../mod.ts";
import type { Messages } from "./messages.ts";
import { UsageError } from "./usage_error.ts";

const recipesFolder = new URL("../../pipeline/recipes/", import.meta.url);

/** The names of the recipes that come with this project. */
export function recipeNames(): string[] {
  return [...Deno.readDirSync(recipesFolder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".ts")).map((name) => name.slice(0, -3)).sort();
}

/** A pipeline and the name it goes by. */
export interface LoadedPipeline {
  readonly name: string;
  readonly pipeline: AnyPipeline;
}

/**
 * Loads a recipe by name (dashes and underscores are the same), or a pipeline file by path.
 *
 * @throws {UsageError} when there is none, or the file's default export is no pipeline
 */
export async function loadPipeline(given: string, messages: Messages): Promise<LoadedPipeline> {
  const recipe = recipeNames().find((name) => name === given.replaceAll("-", "_"));
  const isPath = /[/\\]|\.[cm]?[tj]s$/.test(given);
  if (recipe === undefined && !isPath) {
    throw new UsageError(
      `${messages.unknownPipeline(given, recipeNames().join(", "))}. ${messages.isFile(`./${given}.ts`)}`,
    );
  }
  const url = recipe === undefined ? toFileUrl(resolve(given)) : new URL(`${recipe}.ts`, recipesFolder);
  try {
    await Deno.stat(url);
  } catch {
    throw new UsageError(messages.missingFile(given));
  }
  const module = await import(url.href) as { default?: unknown };
  if (!isPipeline(module.default)) throw new UsageError(messages.notAPipeline(given));
  return { name: module.default.name ?? recipe ?? basename(given).replace(/\.[^.]*$/, ""), pipeline: module.default };
}
