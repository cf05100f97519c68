import { dirname, join } from "@std/path";
import {
  exists,
  hashFile,
  isAbsent,
  isUnreadable,
  removeQuietly,
  syncAndHashFile,
  syncFolder,
  writeAll,
} from "../files.ts";
import { listOwnFiles } from "../files.ts";
import type { Lease } from "./leases.ts";
import { type Manifest, type ManifestFile, parseManifest } from "./manifest.ts";

/** A published result. */
export interface Entry {
  /** Absolute path of the folder with the result's files. */
  readonly dir: string;
  /** What vouches for them. */
  readonly manifest: Manifest;
}

/** What the store knows about a key. */
export type Lookup =
  | { readonly state: "hit"; readonly entry: Entry }
  | { readonly state: "absent" }
  | { readonly state: "damaged"; readonly detail: string };

/** How to look a key up. */
export interface LookupOptions {
  /** Read files again and compare. Without, only names and lengths are compared. */
  readonly verify: boolean;
  /** Files of this size and larger are not read here: they are verified when a stage reads them. Default none. */
  readonly largeFileBytes?: number;
  /** Stops the reading. */
  readonly signal?: AbortSignal | undefined;
}

/** A folder outside the store in which a result grows until it is whole. */
export interface Staging {
  /** Absolute path of the staging folder. */
  readonly root: string;
  /** Absolute path of the folder for the result's files. */
  readonly dir: string;
}

/**
 * The results on disk: `<cacheDir>/store/<stage>/<key>/{manifest.json,output/}`. A result appears there whole, by one
 * rename, or not at all; what a killed process leaves lies in `<cacheDir>/staging` and is never looked at.
 */
export class Store {
  readonly #cacheDir: string;

  /** @param cacheDir absolute path of the cache. */
  constructor(cacheDir: string) {
    this.#cacheDir = cacheDir;
  }

  /** Path of the file whose lock guards the computing of a key. */
  lockPath(key: string): string {
    return join(this.#cacheDir, "locks", `${key}.lock`);
  }

  /** Path of the folder that survives failed runs of a key. */
  scratchDir(stage: string, key: string): string {
    return join(this.#cacheDir, "scratch", stage, key);
  }

  /** Path of the folder for notes that stages share. */
  get notesDir(): string {
    return join(this.#cacheDir, "notes");
  }

  /** Looks a result up, on the disk each time. Changes nothing. */
  async lookup(stage: string, key: string, options: LookupOptions): Promise<Lookup> {
    const folder = this.#entryDir(stage, key);
    let text: string;
    try {
      text = await Deno.readTextFile(join(folder, "manifest.json"));
    } catch (error) {
      if (isUnreadable(error)) return { state: "damaged", detail: unreadable("manifest.json", error) };
      if (!isAbsent(error)) throw error;
      if (!await exists(folder)) return { state: "absent" };
      return { state: "damaged", detail: "manifest.json is missing" };
    }
    const manifest = parseManifest(text, key);
    if (typeof manifest === "string") return { state: "damaged", detail: manifest };
    const entry = { dir: join(folder, "output"), manifest };
    const detail = await findDamage(entry, options);
    return detail === undefined ? { state: "hit", entry } : { state: "damaged", detail };
  }

  /** Moves a damaged result aside, for its owner to look at; a process that was quicker is as good. */
  async quarantine(stage: string, key: string): Promise<void> {
    const aside = join(this.#cacheDir, "quarantine", `${stage}-${key}-${crypto.randomUUID()}`);
    await Deno.mkdir(dirname(aside), { recursive: true });
    try {
      await Deno.rename(this.#entryDir(stage, key), aside);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }

  /** Makes an empty staging folder with a name of its own, which goes onto the lease first and tells the key. */
  async stage(stage: string, key: string, lease?: Lease): Promise<Staging> {
    const name = `${stage}-${key}-${crypto.randomUUID()}`;
    const root = join(this.#cacheDir, "staging", name);
    const dir = join(root, "output");
    const make = () => Deno.mkdir(dir, { recursive: true });
    await (lease === undefined ? make() : lease.use(`staging/${name}`, make));
    return { root, dir };
  }

  /** Removes a staging folder. */
  async discard(staging: Staging): Promise<void> {
    await removeQuietly(staging.root);
  }

  /** Brings what a stage wrote to the disk and lists it. */
  async seal(
    staging: Staging,
    isVolatile: (path: string) => boolean,
    signal?: AbortSignal,
  ): Promise<readonly ManifestFile[]> {
    const files: ManifestFile[] = [];
    const folders = new Set([staging.dir]);
    for (const path of await listOwnFiles(staging.dir)) {
      const full = join(staging.dir, path);
      const { size, sha256 } = await syncAndHashFile(full, signal);
      files.push({ path, size, sha256, ...(isVolatile(path) ? { volatile: true as const } : {}) });
      for (let folder = dirname(full); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
    }
    for (const folder of folders) await syncFolder(folder);
    return files;
  }

  /**
   * Publishes a staging folder under its key. If another process has published the same key meanwhile, its result is
   * taken and this one is discarded.
   */
  async publish(staging: Staging, manifest: Manifest): Promise<Entry> {
    const folder = this.#entryDir(manifest.stage, manifest.key);
    await writeManifest(staging, manifest);
    await Deno.mkdir(dirname(folder), { recursive: true });
    for (let attempt = 0;; attempt++) {
      try {
        await Deno.rename(staging.root, folder);
        break;
      } catch (error) {
        const { stage, key } = manifest;
        const other = await this.lookup(stage, key, { verify: true });
        if (other.state === "hit") {
          await this.discard(staging);
          return other.entry;
        }
        if (attempt === 2) throw error;
        if (other.state === "damaged") await this.quarantine(stage, key);
      }
    }
    await syncFolder(dirname(folder));
    return this.entryOf(manifest);
  }

  /** The entry of a manifest, where it lies or would lie. */
  entryOf(manifest: Manifest): Entry {
    return { dir: join(this.#entryDir(manifest.stage, manifest.key), "output"), manifest };
  }

  /** The manifests of a stage's results, the newest first, at most `limit`; unreadable ones are passed over. */
  async manifests(stage: string, limit: number): Promise<Manifest[]> {
    const found: Manifest[] = [];
    const folder = join(this.#cacheDir, "store", stage);
    try {
      for await (const { name } of Deno.readDir(folder)) {
        const text = await Deno.readTextFile(join(folder, name, "manifest.json")).catch(() => "");
        const manifest = parseManifest(text, name);
        if (typeof manifest !== "string") found.push(manifest);
      }
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    return found.sort((a, b) => a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0).slice(0, limit);
  }

  #entryDir(stage: string, key: string): string {
    return join(this.#cacheDir, "store", stage, key);
  }
}

async function writeManifest(staging: Staging, manifest: Manifest): Promise<void> {
  {
    using file = await Deno.open(join(staging.root, "manifest.json"), { write: true, createNew: true });
    await writeAll(file, new TextEncoder().encode(JSON.stringify(manifest, null, 2) + "\n"));
    await file.sync();
  }
  await syncFolder(staging.root);
}

async function findDamage(
  { dir, manifest }: Entry,
  { verify, largeFileBytes = Infinity, signal }: LookupOptions,
): Promise<string | undefined> {
  for (const file of manifest.files) {
    const path = join(dir, file.path);
    try {
      const info = await Deno.stat(path);
      if (!info.isFile) return `${file.path} is no plain file`;
      if (info.size !== file.size) return `${file.path} has ${info.size} bytes, was published with ${file.size}`;
      if (verify && file.size < largeFileBytes && (await hashFile(path, signal)).sha256 !== file.sha256) {
        return `${file.path} is not what was published (SHA-256 differs)`;
      }
    } catch (error) {
      if (isAbsent(error)) return `${file.path} is missing`;
      if (!isUnreadable(error)) throw error;
      return unreadable(file.path, error);
    }
  }
  return undefined;
}

const unreadable = (path: string, error: unknown) =>
  `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
