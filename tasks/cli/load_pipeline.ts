import { basename, extname, fromFileUrl, resolve, toFileUrl } from "@std/path";
import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { isPipeline, type Pipeline } from "../../pipeline/core/mod.ts";
import type { Messages } from "./messages.ts";
import { withoutEscapes } from "./render/text_width.ts";
import { UsageError } from "./usage_error.ts";

const RECIPES = new URL("../../pipeline/recipes/", import.meta.url);

/** A pipeline and where it came from. */
export interface LoadedPipeline {
  /** The pipeline. */
  readonly pipeline: Pipeline;
  /** Its own name, else that of its file. */
  readonly name: string;
  /** Absolute path of its file. */
  readonly path: string;
  /** Whether it is a recipe of this package. */
  readonly recipe: boolean;
}

/** Names of the recipes, sorted. */
export function recipeNames(): string[] {
  try {
    return [...Deno.readDirSync(RECIPES)]
      .filter(({ isFile, name }) => isFile && name.endsWith(".ts") && !name.startsWith("_"))
      .map(({ name }) => name.slice(0, -".ts".length))
      .sort();
  } catch {
    return [];
  }
}

/**
 * Loads a recipe by name (dashes and underscores are equal), or a pipeline file by path relative to the working folder.
 *
 * @throws {UsageError} if there is none, or the file exports none.
 */
export async function loadPipeline(nameOrPath: string, messages: Messages): Promise<LoadedPipeline> {
  const recipe = !looksLikeFile(nameOrPath);
  const path = !recipe ? await findFile(nameOrPath, messages) : findRecipe(nameOrPath, messages);
  const module = await importFile(path, messages);
  if (!isPipeline(module.default)) throw new UsageError(messages.notAPipeline(path));
  const pipeline = module.default;
  return { pipeline, path, recipe, name: pipeline.name ?? basename(path, extname(path)) };
}

async function importFile(path: string, messages: Messages): Promise<{ default?: unknown }> {
  try {
    return await import(toFileUrl(path).href);
  } catch (error) {
    const unresolved = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    if (!unresolved && !(error instanceof SyntaxError)) throw error;
    if (!error.message.includes("lockfile")) {
      throw new UsageError(messages.cannotLoad(path, withoutEscapes(error.message)));
    }
    throw new UsageError(messages.cannotLoad(path, messages.ownPackages));
  }
}

function looksLikeFile(nameOrPath: string): boolean {
  return /[\\/]/.test(nameOrPath) || /\.[mc]?[tj]s$/.test(nameOrPath);
}

async function findFile(written: string, messages: Messages): Promise<string> {
  const path = resolve(written);
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isFile !== true) throw new UsageError(messages.missingFile(path));
  return path;
}

function findRecipe(name: string, messages: Messages): string {
  const known = recipeNames();
  const found = known.find((recipe) => recipe.replaceAll("-", "_") === name.replaceAll("-", "_"));
  if (found !== undefined) return fromFileUrl(new URL(`${found}.ts`, RECIPES));
  const near = known.length === 0 ? undefined : closestString(name, known);
  const isNear = near !== undefined && levenshteinDistance(name, near) <= Math.max(2, name.length / 3);
  const nearest = isNear ? ` ${messages.didYouMean(near)}` : "";
  const file = fileExists(`${name}.ts`) ? ` ${messages.isFile(`./${name}.ts`)}` : "";
  throw new UsageError(`${messages.unknownPipeline(name, known.join(", "))}.${nearest}${file}`);
}

function fileExists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
