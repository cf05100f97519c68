import { createHash } from "node:crypto";
import { PipelineError } from "../../core/mod.ts";
import { retryAfter, wait, waitBeforeRetry } from "../retry_after.ts";

/** A file to download, and what must come of it. */
export interface Download {
  readonly url: string;
  /** Bytes that it has. */
  readonly size: number;
  /** Digest of its content, in hexadecimal: SHA-256, or git's SHA-1 of a blob for a small file. */
  readonly digest: { readonly algorithm: "sha256" | "git-sha1"; readonly value: string };
  /** Where it should lie. Until it is whole and right, it lies beside, with `.part` at the end of its name. */
  readonly target: string;
}

/** How to download. */
export interface DownloadOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Gets bytes that have come, and negative numbers where some have to come again. */
  readonly onBytes?: (bytes: number) => void;
  /** Tries without a byte gained before giving up; 5 by default. */
  readonly attempts?: number;
  /** Waited before the second try, then twice as long each time; half a second by default. */
  readonly delayMs?: number;
  /** Writes bytes to an open file; for tests of a full disk. */
  readonly write?: (file: Deno.FsFile, bytes: Uint8Array) => Promise<number>;
}

/** The server refuses access: trying again is no use. */
export class AccessError extends PipelineError {
  override readonly name: string = "AccessError";
}

/** A try failed in a way that another may mend. */
class TryAgain extends Error {
  /** @param asked milliseconds that the server asks to wait */
  constructor(message: string, readonly asked?: number) {
    super(message);
  }
}

/**
 * Downloads a file. A part that an earlier call left is continued; what the server sends is believed only when the whole
 * has the right length and digest. A file at `target` is always right.
 *
 * @throws {AccessError} when the server refuses access
 * @throws {PipelineError} when no try gives the right content, saying why the last failed
 */
export async function downloadFile(download: Download, options: DownloadOptions): Promise<void> {
  const { target, url } = download;
  const part = `${target}.part`;
  const { signal, attempts = 5, delayMs = 500 } = options;
  let etag: string | null = null;
  for (let tried = 0, before = await sizeOf(part);;) {
    signal.throwIfAborted();
    try {
      if (await sizeOf(part) > download.size) await restart(part, options);
      if (await sizeOf(part) < download.size || download.size === 0) {
        etag = await fetchRest(download, part, etag, options);
      }
      await check(download, part, options);
      return await Deno.rename(part, target);
    } catch (error) {
      if (!(error instanceof TryAgain) && !isNetworkFault(error)) throw error;
      signal.throwIfAborted();
      const now = await sizeOf(part);
      tried = now > before ? 1 : tried + 1;
      before = now;
      if (tried >= attempts) {
        throw new PipelineError(`downloading ${url}: ${(error as Error).message} (tried ${attempts} times)`, {
          cause: error,
        });
      }
      const asked = error instanceof TryAgain ? error.asked : undefined;
      await wait(waitBeforeRetry(asked, delayMs * 2 ** (tried - 1), `downloading ${url}`), signal);
    }
  }
}

/** Fetches what is missing from a part. Gives the ETag of what was sent. */
async function fetchRest(
  { url, size }: Download,
  part: string,
  etag: string | null,
  options: DownloadOptions,
): Promise<string | null> {
  const have = await sizeOf(part);
  const headers: Record<string, string> = { ...options.headers, "accept-encoding": "identity" };
  if (have > 0) {
    headers["range"] = `bytes=${have}-`;
    if (etag !== null) headers["if-range"] = etag;
  }
  const response = await fetch(url, { headers, signal: options.signal });
  try {
    const found = response.headers.get("etag");
    const changed = etag !== null && found !== null && found !== etag;
    const continues = response.status === 206 && !changed &&
      response.headers.get("content-range")?.startsWith(`bytes ${have}-`) === true;
    await checkResponse(response, url, continues ? size - have : size, have, part, options, continues);
    if (!continues) await restart(part, options);
    await append(response, part, size, options);
    return found;
  } finally {
    await response.body?.cancel().catch(() => {});
  }
}

async function checkResponse(
  response: Response,
  url: string,
  wanted: number,
  have: number,
  part: string,
  options: DownloadOptions,
  continues: boolean,
): Promise<void> {
  const { status, headers } = response;
  if (status === 401 || status === 403) throw new AccessError(`downloading ${url}: access was refused (${status})`);
  if (status === 404) throw new PipelineError(`downloading ${url}: there is no such file (404)`);
  if (status !== 200 && status !== 206) {
    if (status === 416) await restart(part, options);
    throw new TryAgain(`the server answered ${status}`, retryAfter(headers));
  }
  if (status === 206 && !continues) {
    await restart(part, options);
    throw new TryAgain(
      have > 0 ? "the file changed between two tries" : "the server sent a part that was not asked for",
    );
  }
  if (headers.get("content-type")?.startsWith("text/html") && !/\.html?$/.test(new URL(url).pathname)) {
    throw new TryAgain("the server sent a web page instead of the file");
  }
  const length = headers.get("content-length");
  if (length !== null && !headers.has("content-encoding") && Number(length) !== wanted) {
    throw new TryAgain(`the server offers ${length} bytes; wanted ${wanted}`);
  }
}

async function append(response: Response, part: string, size: number, options: DownloadOptions): Promise<void> {
  const { write = (file, bytes) => file.write(bytes), onBytes = () => {} } = options;
  using file = await Deno.open(part, { append: true, create: true });
  let have = (await file.stat()).size;
  try {
    for await (const bytes of response.body ?? []) {
      if (have + bytes.length > size) throw new TryAgain(`the server sent more than ${size} bytes`);
      for (let done = 0; done < bytes.length;) {
        const written = await write(file, bytes.subarray(done));
        done += written;
        have += written;
        onBytes(written);
      }
    }
  } catch (error) {
    // What is wrong about a longer body, or a disk that is full, is not mended by keeping it.
    if (error instanceof TryAgain || !isNetworkFault(error)) await restart(part, options);
    throw error;
  }
  if (have < size) throw new TryAgain(`the connection ended after ${have} of ${size} bytes`);
}

async function check({ digest, size }: Download, part: string, options: DownloadOptions): Promise<void> {
  const hash = createHash(digest.algorithm === "sha256" ? "sha256" : "sha1");
  if (digest.algorithm === "git-sha1") hash.update(`blob ${size}\0`);
  using file = await Deno.open(part, { read: true, write: true });
  const chunk = new Uint8Array(1 << 20);
  for (let read = await file.read(chunk); read !== null; read = await file.read(chunk)) {
    options.signal.throwIfAborted();
    hash.update(chunk.subarray(0, read));
  }
  await file.sync();
  const found = hash.digest("hex");
  if (found === digest.value) return;
  await restart(part, options);
  throw new TryAgain(
    `the content is not what the listing says: wanted ${digest.algorithm} ${digest.value}, found ${found}`,
  );
}

async function restart(part: string, { onBytes }: DownloadOptions): Promise<void> {
  const lost = await sizeOf(part);
  await Deno.remove(part).catch(() => {});
  if (lost > 0) onBytes?.(-lost);
}

async function sizeOf(path: string): Promise<number> {
  return (await Deno.stat(path).catch(() => undefined))?.size ?? 0;
}

/** What fetch and a body's stream throw when a connection fails; a failing disk throws other errors. */
function isNetworkFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof Deno.errors.Http ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionAborted;
}
