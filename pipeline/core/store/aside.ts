// A folder beside results' places, on the same disk, in which they grow and what they replace waits:
// `.vicuna-<random>/{owner,new/,old}`. Its owner holds `owner` locked, so a folder that can be locked was left by a process
// that was killed: the next one puts back what that had moved away, and takes the rest.
import { basename, join } from "@std/path";
import { exists, removeQuietly, writeAll } from "../files.ts";
import { isWithoutLocks } from "./lock.ts";

const FORM = /^\.vicuna-[0-9a-f-]{36}$/;
const DAY_MS = 24 * 3600_000;
const PARTS = ["owner", "new", "old"];

/** A folder for what is to lie beside it. Disposing removes it with all that is in it. */
export class Aside implements AsyncDisposable {
  /** An empty folder to write into. */
  readonly fresh: string;
  /** Where what is replaced may be moved; not made yet. */
  readonly old: string;
  readonly #root: string;
  readonly #owner: Deno.FsFile;
  #kept = false;

  private constructor(root: string, owner: Deno.FsFile) {
    this.fresh = join(root, "new");
    this.old = join(root, "old");
    this.#root = root;
    this.#owner = owner;
  }

  /**
   * Makes one in a folder, after what killed processes left there is dealt with.
   *
   * @param name of what lies in the folder and will be moved to `old`: put back there if this process is killed
   */
  static async open(folder: string, name = "."): Promise<Aside> {
    await clearLeavings(folder);
    const root = join(folder, `.vicuna-${crypto.randomUUID()}`);
    await Deno.mkdir(join(root, "new"), { recursive: true });
    const owner = await Deno.open(join(root, "owner"), { write: true, createNew: true });
    const aside = new Aside(root, owner);
    try {
      await owner.lock(true);
    } catch (error) {
      if (!isWithoutLocks(error)) throw error;
      return aside; // an owner without a name is never thought dead
    }
    await writeAll(owner, new TextEncoder().encode(name));
    return aside;
  }

  /** Leaves all of it where it is for good: what was moved to `old` could not be put back, and is its user's. */
  async keep(): Promise<void> {
    this.#kept = true;
    await this.#owner.truncate().catch(() => {}); // without a name no later one clears it away
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#kept) await removeQuietly(this.#root);
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
  const { isFile, mtime } = await Deno.lstat(root);
  if (isFile) { // a single file that was being written; nobody takes a day for one
    if ((mtime?.getTime() ?? Infinity) < Date.now() - DAY_MS) await Deno.remove(root);
    return;
  }
  const parts = await Array.fromAsync(Deno.readDir(root), ({ name }) => name);
  if (!parts.every((name) => PARTS.includes(name))) return;
  using owner = await Deno.open(join(root, "owner"), { read: true, write: true });
  if (!await owner.tryLock(true)) return;
  const name = await Deno.readTextFile(join(root, "owner"));
  if (name === "" || name !== basename(name)) return;
  if (name !== "." && parts.includes("old") && !await exists(join(folder, name))) {
    await Deno.rename(join(root, "old"), join(folder, name));
  }
  await removeQuietly(root);
}
