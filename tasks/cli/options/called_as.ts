import { fromFileUrl, relative } from "@std/path";

/** Where the script `vicuna` leaves what it was called by, such as `./vicuna`. */
const LAUNCHER = "VICUNA_LAUNCHER";

/** The folder of this project, where `deno task` finds its deno.json. */
const PROJECT = fromFileUrl(new URL("../../../", import.meta.url));

/**
 * How the user calls a task: `./vicuna train` when that script started this process, else `deno task train`, with the
 * project's deno.json where the user's folder lies outside of it.
 */
export function calledAs(
  task: string,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string {
  const launcher = env(LAUNCHER);
  if (launcher) return `${launcher} ${task}`;
  const folder = env("INIT_CWD");
  const inside = folder === undefined || !relative(PROJECT, folder).startsWith("..");
  return `deno task ${inside ? "" : `--config ${quoted(`${relative(folder, PROJECT)}/deno.json`)} `}${task}`;
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  if (/^[\p{L}\p{N}@%+=:,./\\_-]+$/u.test(word)) return word;
  return Deno.build.os === "windows" ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}
