import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { refuseContainer } from "./containers.ts";
import { DataError } from "../errors.ts";

/** Size of the pieces in which files are read, in bytes. */
export const CHUNK_BYTES = 1 << 20;

/**
 * Reads a file piece by piece, without a leading UTF-8 byte order mark; a gzipped file (by its first two bytes) is
 * unpacked on the way. A piece is valid only until the next one is asked for.
 *
 * @param onBytes told after each piece how many bytes of the file itself have been read.
 * @throws {DataError} if the file is missing, a folder, unreadable, empty, in UTF-16, or torn gzip.
 */
export async function* fileChunks(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const chunk of unpackedChunks(path, onBytes)) {
    yield first ? withoutMark(path, chunk) : chunk;
    first = false;
  }
  if (first) throw new DataError(`${path}: wanted rows, found an empty file`);
}

async function* unpackedChunks(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const raw = rawChunks(path, onBytes);
  const { value: start, done } = await raw.next();
  if (done) return;
  async function* all(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield start;
    yield* raw;
  }
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    refuseContainer(path, start);
    yield* all();
    return;
  }
  // The stream may hold a piece longer than we wait for the next one, so it gets copies.
  async function* copies(): AsyncGenerator<Uint8Array> {
    for await (const chunk of all()) yield chunk.slice();
  }
  // DecompressionStream refuses what follows the first member; `cat a.gz b.gz` has two.
  const source = Readable.from(copies());
  const unpacked = source.pipe(createGunzip());
  source.on("error", (error) => unpacked.destroy(error));
  try {
    yield* joined(unpacked);
  } catch (error) {
    if (error instanceof DataError || !isDamagedGzip(error)) throw error;
    throw new DataError(`${path}: wanted a whole gzip file, found a torn or damaged one (${error.message})`);
  } finally {
    source.destroy(); // closes the file when the reader has had enough
    unpacked.destroy();
  }
}

function isDamagedGzip(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^Z_/.test(String(error.code));
}

/** The unpacked pieces are small; larger ones keep the work on each row low. */
async function* joined(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  let used = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const count = Math.min(piece.length - at, buffer.length - used);
      buffer.set(piece.subarray(at, at + count), used);
      used += count;
      at += count;
      if (used < buffer.length) continue;
      yield buffer;
      used = 0;
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}

async function* rawChunks(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  using file = await openFile(path);
  const buffer = new Uint8Array(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    const length = await readFully(file, buffer);
    if (length === 0) return;
    bytes += length;
    yield buffer.subarray(0, length);
    onBytes?.(bytes);
  }
}

/**
 * Size of a file in bytes.
 *
 * @throws {DataError} if it is missing, a folder or unreadable.
 */
export async function fileSize(path: string): Promise<number> {
  using file = await openFile(path);
  return (await file.stat()).size;
}

/**
 * Opens a file of rows.
 *
 * @throws {DataError} if it is missing, a folder or unreadable.
 */
export async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    // A pipe would be waited for when it is opened, and a device never ends.
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) throw folderError(path);
    if (!isFile) {
      throw new DataError(`${path}: wanted a file of rows, found a device or a pipe; save it as a file first`);
    }
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new DataError(`${path}: wanted a file of rows, found no such file`);
    }
    if (error instanceof DataError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${path}: could not open this file of rows: ${reason}`, { cause: error });
  }
}

function folderError(path: string): DataError {
  return new DataError(`${path}: wanted a file of rows, found a folder; name the files in it one by one`);
}

/** Reads until the buffer is full or the file ends, and says how much it read, since one read may return less than there is. */
export async function readFully(file: Deno.FsFile, buffer: Uint8Array): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const read = await file.read(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  return length;
}

function withoutMark(path: string, chunk: Uint8Array): Uint8Array {
  const [a, b, c] = chunk;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new DataError(`${path}: wanted UTF-8 text, found UTF-16; save the file again as UTF-8`);
  }
  return a === 0xef && b === 0xbb && c === 0xbf ? chunk.subarray(3) : chunk;
}
