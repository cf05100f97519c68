import { isPlainObject, type JsonObject } from "../json.ts";
import { contentDigest, type FileDigest, KEY_FORMAT, keyOf, type KeyRecord } from "../record.ts";

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
  /** The device that computed it, if the stage named one; all that took part, joined by ` + `. */
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
  const fault = faultOfPaths(parsed.files.map(({ path }) => path));
  if (fault !== undefined) return `manifest.json ${fault}`;
  try {
    if (parsed.key !== key || keyOf(parsed.record) !== key) return "manifest.json belongs to another key";
    if (outputDigest(parsed.files, parsed.meta) !== parsed.digest) return "manifest.json contradicts itself";
  } catch {
    return "manifest.json has another layout"; // what has no canonical form, such as values nested without end
  }
  return parsed;
}

function looksLikeManifest(value: unknown): value is Manifest {
  return isPlainObject(value) && value.format === KEY_FORMAT && isPlainObject(value.record) &&
    typeof value.stage === "string" && value.stage === value.record.stage && typeof value.digest === "string" &&
    isPlainObject(value.meta) && isPlainObject(value.settings) && isTime(value.createdAt) &&
    typeof value.durationMs === "number" && ["string", "undefined"].includes(typeof value.device) &&
    Array.isArray(value.files) && value.files.every(looksLikeFile);
}

function looksLikeFile(value: unknown): boolean {
  return isPlainObject(value) && typeof value.path === "string" && isSafePath(value.path) &&
    Number.isSafeInteger(value.size) && (value.size as number) >= 0 &&
    typeof value.sha256 === "string" && /^[0-9a-f]{64}$/.test(value.sha256) &&
    (value.volatile === undefined || value.volatile === true);
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

/** Bytes of a name, and of a path below a result's folder, that file systems have room for. */
const MAX_NAME = 255;
const MAX_PATH = 1024;

/** A path that stays inside its folder, and that a file system can have. */
function isSafePath(path: string): boolean {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  // deno-lint-ignore no-control-regex
  return path !== "" && !/[\\\x00-\x1f]/.test(path) && path.isWellFormed() && bytes(path) <= MAX_PATH &&
    path.split("/").every((name) => !["", ".", ".."].includes(name) && bytes(name) <= MAX_NAME);
}

/** What cannot be of paths that lie in one folder together. */
function faultOfPaths(paths: readonly string[]): string | undefined {
  const files = new Set(paths);
  if (files.size < paths.length) return "names a file twice";
  for (const path of paths) {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      if (files.has(path.slice(0, at))) return `has the file ${path.slice(0, at)} and one below it`;
    }
  }
  return undefined;
}
