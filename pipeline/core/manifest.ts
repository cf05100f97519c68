import { isPlainObject, type JsonObject } from "./json.ts";
import { contentDigest, type FileDigest, KEY_FORMAT, keyOf, type KeyRecord } from "./record.ts";

/** One file of a published result. */
export interface ManifestFile extends FileDigest {
  /** True for a file that differs from run to run: guarded against damage, but not part of the output's digest. */
  readonly volatile?: true;
}

/** What lies beside a published result and vouches for it. Written last: without a manifest there is no result. */
export interface Manifest {
  /** Layout of this file. */
  readonly format: typeof KEY_FORMAT;
  /** Name of the stage. */
  readonly stage: string;
  /** The key: SHA-256 of the record. */
  readonly key: string;
  /** What the key is made of; later misses are explained by comparing records. */
  readonly record: KeyRecord;
  /** Digest of the output, as it enters the keys downstream. */
  readonly digest: string;
  /** What the stage returned. */
  readonly meta: JsonObject;
  /** All files below `output/`. */
  readonly files: readonly ManifestFile[];
  /** Settings of the run that computed it. */
  readonly settings: JsonObject;
  /** When it was published (ISO 8601). */
  readonly createdAt: string;
  /** How long the stage ran, in milliseconds. */
  readonly durationMs: number;
  /** The device that computed it, if the stage named one. */
  readonly device?: string;
}

/** The digest of an output or of a part of it (a sub-folder): volatile files do not count. */
export function outputDigest(files: readonly ManifestFile[], meta: JsonObject): string {
  return contentDigest(files.filter((file) => !file.volatile), meta);
}

/** Reads a manifest, or says what is wrong with it: it must be whole, and its digests must agree with one another. */
export function parseManifest(text: string, key: string): Manifest | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return "manifest.json is not JSON";
  }
  if (!looksLikeManifest(parsed)) return "manifest.json has another layout";
  if (parsed.key !== key || keyOf(parsed.record) !== key) return "manifest.json belongs to another key";
  if (outputDigest(parsed.files, parsed.meta) !== parsed.digest) return "manifest.json contradicts itself";
  return parsed;
}

function looksLikeManifest(value: unknown): value is Manifest {
  return isPlainObject(value) && value.format === KEY_FORMAT && isPlainObject(value.record) &&
    isPlainObject(value.meta) && Array.isArray(value.files) && value.files.every(looksLikeFile);
}

function looksLikeFile(value: unknown): boolean {
  return isPlainObject(value) && typeof value.path === "string" && isSafePath(value.path) &&
    typeof value.size === "number" && typeof value.sha256 === "string" &&
    (value.volatile === undefined || value.volatile === true);
}

/** A path that stays inside its folder. */
function isSafePath(path: string): boolean {
  return path !== "" && !path.includes("\\") && path.split("/").every((name) => !["", ".", ".."].includes(name));
}
