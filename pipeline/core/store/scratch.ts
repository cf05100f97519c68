// The folder of a key that survives failed runs. Behind the key's lock there is one, `<key>`. Where there are no locks two
// processes may compute a key at once, so each has a folder of its own, `<key>.<random>`: one that a run gave back
// (`….free`), or that has shown no sign of life for a minute, is taken over, by a rename that only one process can do.
import { basename, dirname, join } from "@std/path";
import { isAbsent, removeQuietly } from "../files.ts";

/** A folder that lives longer than a run. */
export interface Scratch {
  readonly dir: string;
  /** Leaves it to the next run of the key. */
  release(): Promise<void>;
  /** Removes it: the result is published. */
  remove(): Promise<void>;
}

/** A folder without locks is shown to be in use this often, */
const SIGN_MS = 5_000;
/** and is taken over after this time without a sign. */
const SILENT_MS = 60_000;

/** The scratch folder at `path` for the one who holds its key's lock. */
export async function lockedScratch(path: string): Promise<Scratch> {
  await Deno.mkdir(path, { recursive: true });
  return { dir: path, release: () => Promise.resolve(), remove: () => removeQuietly(path) };
}

/** A scratch folder beside `path` that no other process uses, though nothing is locked. */
export async function unlockedScratch(path: string): Promise<Scratch> {
  const dir = `${path}.${crypto.randomUUID()}`;
  await Deno.mkdir(dirname(path), { recursive: true });
  if (!await takeOver(path, dir)) await Deno.mkdir(dir);
  const sign = async () => {
    const now = new Date();
    await Deno.utime(dir, now, now).catch(() => {});
  };
  await sign();
  const timer = setInterval(sign, SIGN_MS);
  Deno.unrefTimer(timer);
  return {
    dir,
    async release() {
      clearInterval(timer);
      await Deno.rename(dir, `${dir}.free`).catch(() => {});
    },
    async remove() {
      clearInterval(timer);
      await removeQuietly(dir);
    },
  };
}

/** Moves a folder that nobody uses to `dir`, if there is one. */
async function takeOver(path: string, dir: string): Promise<boolean> {
  const folder = dirname(path);
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const other = join(folder, name);
    try {
      const { mtime } = await Deno.stat(other);
      if (!name.endsWith(".free") && (mtime?.getTime() ?? 0) > Date.now() - SILENT_MS) continue;
      await Deno.rename(other, dir);
      return true;
    } catch (error) {
      if (!isAbsent(error)) throw error; // another process was quicker
    }
  }
  return false;
}
