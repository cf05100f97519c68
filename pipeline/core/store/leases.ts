// Which results running processes use, so that a clean-up takes none of them away. A lease is a file that its process holds
// locked; the lock ends with the process however that comes, so a lease that can be locked is a dead one.
import { join } from "@std/path";
import { PipelineError } from "../errors.ts";
import { isAbsent, writeAll } from "../files.ts";
import { acquireLock, isWithoutLocks } from "./lock.ts";

const folderOf = (cacheDir: string) => join(cacheDir, "leases");

const LEASE_NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Said to the user where runs cannot take out leases. */
export const NO_LOCKS =
  "the cache is on a file system without locks: another run may compute the same at the same time, and a clean-up must " +
  "not run beside this one";

/** What a running process uses: keys of results, and names of its staging folders (`staging/NAME`). */
export class Lease implements Disposable {
  readonly #cacheDir: string;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #names = new Set<string>();

  private constructor(cacheDir: string, path: string, file: Deno.FsFile) {
    this.#cacheDir = cacheDir;
    this.#path = path;
    this.#file = file;
  }

  /** Takes out a lease that is empty. */
  static async open(cacheDir: string): Promise<Lease> {
    using _gate = await passGate(cacheDir, "user"); // a clean-up must not see the file before it is locked
    await Deno.mkdir(folderOf(cacheDir), { recursive: true });
    const path = join(folderOf(cacheDir), crypto.randomUUID());
    const file = await Deno.open(path, { write: true, createNew: true });
    await file.lock(true);
    return new Lease(cacheDir, path, file);
  }

  /** As {@link open}; undefined where the file system has no locks. */
  static async openIfLockable(cacheDir: string): Promise<Lease | undefined> {
    try {
      return await Lease.open(cacheDir);
    } catch (error) {
      if (isWithoutLocks(error)) return undefined;
      throw error;
    }
  }

  /** Adds a name, then does `use` before any clean-up can look. */
  async use<Result>(name: string, use: () => Promise<Result>): Promise<Result> {
    using _gate = await passGate(this.#cacheDir, "user");
    if (!this.#names.has(name)) {
      this.#names.add(name);
      await writeAll(this.#file, new TextEncoder().encode(`${name}\n`));
    }
    return await use();
  }

  /** Gives everything back. */
  [Symbol.dispose](): void {
    this.#file.close();
    try {
      Deno.removeSync(this.#path);
    } catch { /* a clean-up was quicker */ }
  }
}

/** All names on living leases. Dead leases are removed. Call it behind the gate. */
export async function leasedNames(cacheDir: string): Promise<Set<string>> {
  const names = new Set<string>();
  for (const path of await leaseFiles(cacheDir)) {
    try {
      using file = await Deno.open(path, { read: true, write: true });
      if (await file.tryLock(true)) await Deno.remove(path);
      else for (const line of (await Deno.readTextFile(path)).split("\n")) if (line !== "") names.add(line);
    } catch (error) {
      // Its process has just ended and taken it away.
      if (!isAbsent(error)) throw error;
    }
  }
  return names;
}

async function leaseFiles(cacheDir: string): Promise<string[]> {
  const folder = folderOf(cacheDir);
  try {
    // What has another name is no lease, and not ours to remove.
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).filter((name) => LEASE_NAME.test(name))
      .map((name) => join(folder, name));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/**
 * The gate between those who use results and a clean-up: any number of users at once, or one clean-up. It is held while a
 * name is put on a lease and the result is looked up, and while a clean-up reads the leases and takes a result away.
 */
export async function passGate(cacheDir: string, as: "user" | "cleaner"): Promise<Disposable> {
  const path = join(cacheDir, "locks", "gate.lock");
  if (as === "cleaner") {
    return await acquireLock(path).catch((error) => {
      if (!isWithoutLocks(error)) throw error;
      throw new PipelineError(
        `cleaning up ${cacheDir}: its file system has no locks, so it cannot be told what running processes use. When ` +
          "none runs, remove entries below store/ by hand",
        { cause: error },
      );
    });
  }
  return await acquireLock(path, { shared: true });
}
