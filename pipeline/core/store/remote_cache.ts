// A second cache that several machines share: a folder, or anything that speaks HTTP GET and PUT. It has the layout of the
// store (`<stage>/<key>/manifest.json`, `<stage>/<key>/output/…`), the manifest written last. Nothing in it is believed:
// every byte is compared with the manifest while it is copied, and whatever does not fit is a miss.
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { Deadline, DeadlineError } from "./deadline.ts";
import { PipelineError } from "../errors.ts";
import { isDiskFull, writeAll } from "../files.ts";
import { type Manifest, type ManifestFile, parseManifest } from "./manifest.ts";
import { FolderPlace, HttpPlace, type SharedPlace } from "./shared_place.ts";
import type { Staging } from "./store.ts";

/** Where results are shared. */
export interface RemoteOptions {
  /** A folder, or an address that begins with http:// or https://. */
  readonly location: string;
  /** Whether results that were computed here are written there. Default: only read. */
  readonly write?: boolean;
}

/** Longest manifest that is read from elsewhere. */
const MANIFEST_BYTES = 64 * 2 ** 20;
/** What does not go on for this long is given up. */
const STALL_MS = 30_000;

/** Reads and writes the shared cache. */
export class RemoteCache {
  readonly #place: SharedPlace;
  readonly #writes: boolean;
  readonly #stallMs: number;
  /** Whether it has stood still: then it is not asked again, or each stage would wait for it anew. */
  #givenUp = false;

  /**
   * @param stallMs how long it may stand still
   * @throws {PipelineError} for an address that is neither a path nor HTTP
   */
  constructor({ location, write = false }: RemoteOptions, stallMs: number = STALL_MS) {
    const isHttp = /^https?:\/\//.test(location);
    if (!isHttp && /^[a-z][a-z0-9+.-]+:\/\//i.test(location)) {
      throw new PipelineError(`the shared cache ${location}: wanted a folder or an http(s) address`);
    }
    this.#place = isHttp ? new HttpPlace(location.replace(/\/+$/, "")) : new FolderPlace(location);
    this.#writes = write;
    this.#stallMs = stallMs;
  }

  /**
   * The manifest of a result, as far as that can be told without reading its files. Undefined if there is none, or it
   * cannot be used: then `onFault` is told why.
   */
  async find(
    stage: string,
    key: string,
    signal: AbortSignal,
    onFault: (detail: string) => void,
  ): Promise<Manifest | undefined> {
    if (this.#givenUp) return undefined;
    try {
      const manifest = await this.#manifest(stage, key, signal);
      if (manifest !== undefined && manifest.stage !== stage) throw new Error(`its manifest is of ${manifest.stage}`);
      return manifest;
    } catch (error) {
      signal.throwIfAborted();
      onFault(this.#explain(error));
      return undefined;
    }
  }

  /**
   * Copies a result into a staging folder. Undefined if there is none, or it is not whole: then `onFault` is told why.
   *
   * @throws {Error} when the disk is full or the run is stopped
   */
  async fetch(
    stage: string,
    key: string,
    staging: Staging,
    signal: AbortSignal,
    onFault: (detail: string) => void,
  ): Promise<Manifest | undefined> {
    const manifest = await this.find(stage, key, signal, onFault);
    if (manifest === undefined) return undefined;
    for (const file of manifest.files) {
      const fault = await this.#fetchFile(`${stage}/${key}/output/${file.path}`, file, staging, signal);
      if (fault === undefined) continue;
      onFault(fault);
      return undefined;
    }
    return manifest;
  }

  async #manifest(stage: string, key: string, signal: AbortSignal): Promise<Manifest | undefined> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    const found = await this.#read(`${stage}/${key}/manifest.json`, signal, (piece) => {
      if ((size += piece.length) > MANIFEST_BYTES) throw new Error("its manifest.json is too long");
      pieces.push(piece);
    });
    if (!found) return undefined;
    const manifest = parseManifest(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).text(), key);
    if (typeof manifest === "string") throw new Error(manifest);
    return manifest;
  }

  /** Hands a file's content on piece by piece; false if there is none. */
  async #read(path: string, signal: AbortSignal, use: (piece: Uint8Array) => Promise<void> | void): Promise<boolean> {
    using deadline = new Deadline(this.#stallMs, signal);
    const reader = (await this.#place.read(path, deadline))?.getReader();
    if (reader === undefined) return false;
    try {
      for (;;) {
        const { value, done } = await deadline.race(reader.read());
        if (done) return true;
        await use(value);
        deadline.progress(value.length);
      }
    } catch (error) {
      reader.cancel().catch(() => {}); // not waited for: it may stand still too
      throw error;
    }
  }

  /** Copies one file, and says what is wrong with it. The path is the manifest's, which was checked to stay inside. */
  async #fetchFile(
    path: string,
    file: ManifestFile,
    staging: Staging,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const hash = createHash("sha256");
    let size = 0;
    const to = join(staging.dir, file.path);
    try {
      await Deno.mkdir(dirname(to), { recursive: true });
      using target = await Deno.open(to, { write: true, createNew: true });
      const found = await this.#read(path, signal, async (piece) => {
        if ((size += piece.length) > file.size) throw new Error(`${file.path} is longer than ${file.size} bytes`);
        hash.update(piece);
        await writeAll(target, piece);
      });
      if (!found) return `${file.path} is missing`;
    } catch (error) {
      signal.throwIfAborted();
      if (isDiskFull(error)) throw error;
      const fault = this.#explain(error);
      return fault.startsWith(file.path) ? fault : `${file.path}: ${fault}`;
    }
    if (size !== file.size) return `${file.path} has ${size} bytes instead of ${file.size}`;
    return hash.digest("hex") === file.sha256 ? undefined : `${file.path} is not what was published (SHA-256 differs)`;
  }

  /** Shares a result, if results are shared from here. Says what went wrong; the run goes on. */
  async store(manifest: Manifest, entryDir: string, signal: AbortSignal): Promise<string | undefined> {
    if (!this.#writes || this.#givenUp) return undefined;
    const at = `${manifest.stage}/${manifest.key}`;
    try {
      if (await this.#manifest(manifest.stage, manifest.key, signal).catch(() => undefined)) return undefined;
      for (const { path } of manifest.files) {
        await this.#write(`${at}/output/${path}`, join(entryDir, "output", path), signal);
      }
      await this.#write(`${at}/manifest.json`, join(entryDir, "manifest.json"), signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return this.#explain(error);
    }
  }

  async #write(path: string, from: string, signal: AbortSignal): Promise<void> {
    using deadline = new Deadline(this.#stallMs, signal);
    await this.#place.write(path, from, deadline);
  }

  #explain(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof DeadlineError)) return message;
    this.#givenUp = true;
    return `${message}; it is not asked again in this run`;
  }
}
