import { createHash } from "node:crypto";
import { canonicalize } from "@std/json/canonicalize";
import type { JsonObject } from "./json.ts";

/** Raised when keys or digests are formed in another way: all earlier cache entries are then misses, and say so. */
export const KEY_FORMAT = 1;

/**
 * Everything that decides the result of a stage, and nothing else. The key of a result is the SHA-256 of this record
 * in canonical JSON (RFC 8785: properties sorted by UTF-16 code unit, no locale, one spelling per number).
 */
export interface KeyRecord {
  /** Which layout the record has, so that a later layout never takes a result of an earlier one for its own. */
  readonly format: typeof KEY_FORMAT;
  /** Two stages with the same inputs and params compute different things. */
  readonly stage: string;
  /** Another code may compute another result. */
  readonly code: CodeRecord;
  /** Parameters change the result. With defaults filled in, so that writing a default out changes nothing. */
  readonly params: JsonObject;
  /**
   * Inputs change the result. By the digest of their content, not by how it came about: a stage that ran again and
   * gave the same output does not spread the rebuild, and a file that moved is the same file. An optional input that
   * was left out is absent.
   */
  readonly inputs: Readonly<Record<string, string | readonly string[]>>;
  /**
   * Environment variables that the stage declares, and under `deno` the version of Deno where the stage says that it
   * matters; null for a variable that is not set. Absent for a stage that declares none, as most do.
   */
  readonly environment?: Readonly<Record<string, string | null>>;
}

/** What identifies the code of a stage. */
export type CodeRecord =
  | {
    /** The version that a stage of this package declares. A test watches that it is raised. */
    readonly version: number;
  }
  | {
    /** SHA-256 of each local module of a user's stage, by path relative to the stage's module. */
    readonly files: Readonly<Record<string, string>>;
    /** Packages that these modules import, with resolved versions, such as `npm:zod@4.6.7`; sorted. */
    readonly packages: readonly string[];
  };

/** The key of a record: 64 hexadecimal digits. */
export function keyOf(record: KeyRecord): string {
  return sha256(canonicalize(record));
}

/** One file as it enters a digest. */
export interface FileDigest {
  /** Path relative to the folder, `/` between names; empty for an input that is a single file. */
  readonly path: string;
  /** Length in bytes. */
  readonly size: number;
  /** SHA-256 of the content, in hexadecimal. */
  readonly sha256: string;
}

/**
 * The digest of an output or an input: of its files (names and contents) and of its meta, since the stages downstream
 * see both. Not of times, modes, the order of files, or of where they lie.
 */
export function contentDigest(files: readonly FileDigest[], meta: JsonObject): string {
  const sorted = files
    .map(({ path, size, sha256 }) => ({ path, size, sha256 }))
    .sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  return sha256(canonicalize({ files: sorted, meta }));
}

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
