// A second cache that several machines share: a folder, or anything that speaks HTTP GET and PUT. It has the layout of the
// store (`<stage>/<key>/manifest.json`, `<stage>/<key>/output/…`), the manifest written last. Nothing in it is believed:
// every byte is compared with the manifest while it is copied, and whatever does not fit is a miss.
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { PipelineError } from "./errors.ts";
import { copyFileAtomically, isAbsent, writeAll } from "./files.ts";
import { type Manifest, type ManifestFile, parseManifest } from "./manifest.ts";
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
/** An address that does not answer within this time is taken as a miss. */
const ANSWER_MS = 30_000;

/** A place for bytes by path. */
interface Place {
  /** The content; undefined if there is none. */
  read(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | undefined>;
  write(path: string, from: string, signal: AbortSignal): Promise<void>;
}

class FolderPlace implements Place {
  constructor(readonly dir: string) {}

  async read(path: string): Promise<ReadableStream<Uint8Array> | undefined> {
    try {
      return (await Deno.open(join(this.dir, path))).readable;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async write(path: string, from: string): Promise<void> {
    await copyFileAtomically(from, join(this.dir, path));
  }
}

class HttpPlace implements Place {
  constructor(readonly base: string) {}

  async read(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | undefined> {
    const answered = new AbortController();
    const timer = setTimeout(() => answered.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
    try {
      const response = await fetch(this.#url(path), { signal: AbortSignal.any([signal, answered.signal]) });
      if (response.ok && response.body !== null) return response.body;
      await response.body?.cancel();
      if (response.status === 404 || response.status === 410) return undefined;
      throw new Error(`GET ${path} answered ${response.status}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async write(path: string, from: string, signal: AbortSignal): Promise<void> {
    const file = await Deno.open(from);
    const { size } = await file.stat();
    const headers = { "content-length": String(size), "content-type": "application/octet-stream" };
    const response = await fetch(this.#url(path), { method: "PUT", body: file.readable, headers, signal });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`PUT ${path} answered ${response.status}`);
  }

  #url(path: string): string {
    return `${this.base}/${path.split("/").map(encodeURIComponent).join("/")}`;
  }
}

/** Reads and writes the shared cache. */
export class RemoteCache {
  readonly #place: Place;
  readonly #writes: boolean;

  /** @throws {PipelineError} for an address that is neither a path nor HTTP */
  constructor({ location, write = false }: RemoteOptions) {
    const isHttp = /^https?:\/\//.test(location);
    if (!isHttp && /^[a-z][a-z0-9+.-]+:\/\//i.test(location)) {
      throw new PipelineError(`the shared cache ${location}: wanted a folder or an http(s) address`);
    }
    this.#place = isHttp ? new HttpPlace(location.replace(/\/+$/, "")) : new FolderPlace(location);
    this.#writes = write;
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
    try {
      const manifest = await this.#manifest(stage, key, signal);
      if (manifest !== undefined && manifest.stage !== stage) throw new Error(`its manifest is of ${manifest.stage}`);
      return manifest;
    } catch (error) {
      signal.throwIfAborted();
      onFault(messageOf(error));
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
    const body = await this.#place.read(`${stage}/${key}/manifest.json`, signal);
    if (body === undefined) return undefined;
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of body) {
      if ((size += piece.length) > MANIFEST_BYTES) throw new Error("its manifest.json is too long");
      pieces.push(piece);
    }
    const manifest = parseManifest(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).text(), key);
    if (typeof manifest === "string") throw new Error(manifest);
    return manifest;
  }

  /** Copies one file, and says what is wrong with it. The path is the manifest's, which was checked to stay inside. */
  async #fetchFile(
    path: string,
    file: ManifestFile,
    staging: Staging,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    let body: ReadableStream<Uint8Array> | undefined;
    try {
      body = await this.#place.read(path, signal);
    } catch (error) {
      signal.throwIfAborted();
      return messageOf(error);
    }
    if (body === undefined) return `${file.path} is missing`;
    const to = join(staging.dir, file.path);
    await Deno.mkdir(dirname(to), { recursive: true });
    using target = await Deno.open(to, { write: true, createNew: true });
    const hash = createHash("sha256");
    let size = 0;
    const reader = body.getReader();
    for (;;) {
      const next = await readPiece(reader);
      signal.throwIfAborted();
      if (typeof next === "string") return `${file.path}: ${next}`;
      if (next === undefined) break;
      if ((size += next.length) > file.size) {
        await reader.cancel().catch(() => {});
        return `${file.path} is longer than ${file.size} bytes`;
      }
      hash.update(next);
      await writeAll(target, next);
    }
    if (size !== file.size) return `${file.path} has ${size} bytes instead of ${file.size}`;
    return hash.digest("hex") === file.sha256 ? undefined : `${file.path} is not what was published (SHA-256 differs)`;
  }

  /** Shares a result, if results are shared from here. Says what went wrong; the run goes on. */
  async store(manifest: Manifest, entryDir: string, signal: AbortSignal): Promise<string | undefined> {
    if (!this.#writes) return undefined;
    const at = `${manifest.stage}/${manifest.key}`;
    try {
      if (await this.#manifest(manifest.stage, manifest.key, signal).catch(() => undefined)) return undefined;
      for (const { path } of manifest.files) {
        await this.#place.write(`${at}/output/${path}`, join(entryDir, "output", path), signal);
      }
      await this.#place.write(`${at}/manifest.json`, join(entryDir, "manifest.json"), signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return messageOf(error);
    }
  }
}

/** A piece of a body; undefined at its end; a text when it breaks off. */
async function readPiece(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | string | undefined> {
  try {
    const { value, done } = await reader.read();
    return done ? undefined : value;
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
