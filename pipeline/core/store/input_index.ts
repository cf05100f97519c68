import { stat } from "node:fs/promises";
import { PipelineError } from "../errors.ts";
import { hashFile, writeFileAtomically } from "../files.ts";
import { isPlainObject } from "../json.ts";

/** What tells, without reading a file, whether it is still the file that was hashed. */
export interface FileStamp {
  /** Length in bytes. */
  readonly size: number;
  /** Time of the last change of the content, in nanoseconds, as a decimal text. */
  readonly mtimeNs: string;
  /** Time of the last change of content or attributes; cannot be set back, unlike mtime. */
  readonly ctimeNs: string;
  /** Number of the file on its disk. */
  readonly inode: string;
}

/** A hashed file: the stamp that it had before and after it was read, and what was read. */
export interface HashedFile {
  readonly stamp: FileStamp;
  readonly sha256: string;
  /** False while the file is so young that a further change could leave the same stamp. */
  readonly settled: boolean;
}

/** A change within this time of a stamp could leave the stamp as it is: file systems count in steps of up to 2 s. */
const SETTLE_MS = 2_100;

/**
 * Remembers the digests of the user's files between runs by their stamps, so that a model of many gigabytes is read
 * once. A lost or damaged index costs time, never correctness.
 */
export class InputIndex {
  readonly #path: string;
  #known: Map<string, HashedFile> | undefined;
  #changed = false;

  /** @param path of the file that keeps the index. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The stamp and digest of a file, read from the index if the stamp is known. */
  async digest(path: string, signal?: AbortSignal): Promise<HashedFile> {
    const known = await this.#load();
    for (let attempt = 0; attempt < 3; attempt++) {
      const started = Date.now();
      const stamp = await stampOf(path);
      const remembered = known.get(path);
      if (remembered !== undefined && sameStamp(remembered.stamp, stamp)) return remembered;
      const { sha256 } = await hashFile(path, signal);
      if (!sameStamp(stamp, await stampOf(path))) continue;
      const hashed = { stamp, sha256, settled: isSettled(stamp, started) };
      if (hashed.settled) {
        known.set(path, hashed);
        this.#changed = true;
      }
      return hashed;
    }
    throw new PipelineError(`reading ${path}: it changes while it is read; wait until it is written`);
  }

  /** Says whether a file still has the content it had when it was hashed; reads it again only if it may not. */
  async unchanged(path: string, hashed: HashedFile): Promise<boolean> {
    const stamp = await stampOf(path).catch(() => undefined);
    if (stamp === undefined) return false;
    if (hashed.settled && sameStamp(stamp, hashed.stamp)) return true;
    return (await hashFile(path)).sha256 === hashed.sha256;
  }

  /** Writes the index if it has grown. */
  async save(): Promise<void> {
    if (!this.#changed || this.#known === undefined) return;
    const files: Record<string, unknown> = {};
    for (const [path, { stamp, sha256 }] of this.#known) files[path] = { ...stamp, sha256 };
    await writeFileAtomically(this.#path, JSON.stringify({ format: 1, files }));
    this.#changed = false;
  }

  async #load(): Promise<Map<string, HashedFile>> {
    this.#known ??= parseIndex(await Deno.readTextFile(this.#path).catch(() => ""));
    return this.#known;
  }
}

function parseIndex(text: string): Map<string, HashedFile> {
  const known = new Map<string, HashedFile>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return known;
  }
  if (!isPlainObject(parsed) || parsed.format !== 1 || !isPlainObject(parsed.files)) return known;
  for (const [path, entry] of Object.entries(parsed.files)) {
    if (!isPlainObject(entry)) continue;
    const { size, mtimeNs, ctimeNs, inode, sha256 } = entry;
    if (typeof size !== "number" || typeof mtimeNs !== "string" || typeof ctimeNs !== "string") continue;
    if (typeof inode !== "string" || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) continue;
    known.set(path, { stamp: { size, mtimeNs, ctimeNs, inode }, sha256, settled: true });
  }
  return known;
}

async function stampOf(path: string): Promise<FileStamp> {
  const info = await stat(path, { bigint: true });
  return {
    size: Number(info.size),
    mtimeNs: String(info.mtimeNs),
    ctimeNs: String(info.ctimeNs),
    inode: `${info.dev}:${info.ino}`,
  };
}

function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.inode === b.inode;
}

/** A modification time in the future was set by hand and says nothing; a change time cannot be set. */
function isSettled({ mtimeNs, ctimeNs }: FileStamp, now: number): boolean {
  const age = (timeNs: string) => now - Number(BigInt(timeNs) / 1_000_000n);
  return age(ctimeNs) > SETTLE_MS && (age(mtimeNs) > SETTLE_MS || age(mtimeNs) < 0);
}
