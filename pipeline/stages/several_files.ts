import { globToRegExp, isGlob } from "@std/path";

/** Which files of a folder are meant. */
export interface SeveralFiles {
  /** The folder, as it was written. */
  readonly folder: string;
  /** Which of its files, by path relative to it. */
  readonly include: (name: string) => boolean;
  /** Which folders below it are looked into. */
  readonly enter: (name: string) => boolean;
}

/** Files of rows by their names. */
const ROWS = /\.(jsonl?|ndjson|parquet)(\.gz)?$/i;

/** Files that say something about a data set and hold none of its rows. */
const DESCRIPTIONS = /^(dataset_infos?|dataset_dict|state)\.json$/;

/**
 * The files that a path means which is a folder, or a pattern with `*`, `?`, `[…]`, `{…}`; undefined for the path of one
 * file. What is there under the very name is no pattern. Hidden files and folders are left out.
 */
export function severalFiles(path: string): SeveralFiles | undefined {
  const found = statOf(path);
  const enter = (name: string) => !isHidden(name);
  if (found?.isDirectory) {
    const include = (name: string) => ROWS.test(name) && !isHidden(name) && !DESCRIPTIONS.test(lastOf(name));
    return { folder: path, include, enter };
  }
  if (found !== undefined || !isGlob(path)) return undefined;
  const names = path.replaceAll("\\", "/").split("/");
  const fixed = names.findIndex((name) => isGlob(name));
  const pattern = names.slice(fixed);
  const matches = globToRegExp(pattern.join("/"), { globstar: true, extended: true });
  return {
    folder: names.slice(0, fixed).join("/") || (path.startsWith("/") ? "/" : "."),
    include: (name) => matches.test(name) && !isHidden(name),
    enter: (name) => enter(name) && (pattern.includes("**") || name.split("/").length < pattern.length),
  };
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function isHidden(name: string): boolean {
  return lastOf(name).startsWith(".");
}
