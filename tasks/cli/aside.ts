// A folder beside a result's place, on the same disk, in which the result grows and what it replaces waits:
// `.vicuna-<random>/{owner,new/,old}`. Its owner holds `owner` locked, so a folder that can be locked was left by a process
// that was killed: the next one puts back what that had moved away, and takes the rest.
import { basename, dirname, join } from "@std/path";
import { exists, removeQuietly, syncFolder, writeAll } from "../../pipeline/core/files.ts";
import { isWithoutLocks } from "../../pipeline/core/lock.ts";

const FORM = /^\.vicuna-[0-9a-f-]{36}$/;
const PARTS = ["owner", "new", "old"];

/** A folder for what is to lie at `target`. Disposing removes it with all that is in it. */
export class Aside implements AsyncDisposable {
  /** An empty folder to write into. */
  readonly fresh: string;
  readonly #root: string;
  readonly #owner: Deno.FsFile;

  private constructor(readonly target: string, root: string, owner: Deno.FsFile) {
    this.fresh = join(root, "new");
    this.#root = root;
    this.#owner = owner;
  }

  /** Makes one, after what killed processes left beside the target is dealt with. */
  static async open(target: string): Promise<Aside> {
    const folder = dirname(target);
    await clearLeavings(folder);
    const root = join(folder, `.vicuna-${crypto.randomUUID()}`);
    await Deno.mkdir(join(root, "new"), { recursive: true });
    const owner = await Deno.open(join(root, "owner"), { write: true, createNew: true });
    const aside = new Aside(target, root, owner);
    try {
      await owner.lock(true);
    } catch (error) {
      if (!isWithoutLocks(error)) throw error;
      return aside; // an owner without a name is never thought dead
    }
    await writeAll(owner, new TextEncoder().encode(basename(target)));
    return aside;
  }

  /** Puts a file or a folder from `fresh` in the target's place; what lies there goes when that is done. */
  async putInPlace(from: string): Promise<void> {
    const found = await Deno.lstat(this.target).catch(() => undefined);
    // A file replaces a file at once; a folder has to be moved away first.
    if (found?.isDirectory !== true) await Deno.rename(from, this.target);
    else {
      const old = join(this.#root, "old");
      await Deno.rename(this.target, old);
      try {
        await Deno.rename(from, this.target);
      } catch (error) {
        await Deno.rename(old, this.target);
        throw error;
      }
    }
    await syncFolder(dirname(this.target));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeQuietly(this.#root);
    this.#owner.close();
  }
}

/** Removes the folders of processes that are gone, and puts back a result that one of them had moved away. */
async function clearLeavings(folder: string): Promise<void> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
  for (const name of names.filter((name) => FORM.test(name))) {
    // One that cannot be judged stays.
    await clearOne(folder, join(folder, name)).catch(() => {});
  }
}

async function clearOne(folder: string, root: string): Promise<void> {
  const parts = await Array.fromAsync(Deno.readDir(root), ({ name }) => name);
  if (!parts.every((name) => PARTS.includes(name))) return;
  using owner = await Deno.open(join(root, "owner"), { read: true, write: true });
  if (!await owner.tryLock(true)) return;
  const target = await Deno.readTextFile(join(root, "owner"));
  if (target === "" || target !== basename(target)) return;
  if (parts.includes("old") && !await exists(join(folder, target))) {
    await Deno.rename(join(root, "old"), join(folder, target));
  }
  await removeQuietly(root);
}
