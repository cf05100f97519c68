import { DataError } from "./errors.ts";

/** Size of the pieces in which files are read, in bytes. */
export const CHUNK_BYTES = 1 << 20;

/**
 * Reads a file piece by piece, without a leading UTF-8 byte order mark. The pieces share one buffer: a piece is valid
 * only until the next one is asked for.
 *
 * @throws {DataError} if the file is missing, a folder, unreadable, empty, or in UTF-16.
 */
export async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  using file = await openFile(path);
  const buffer = new Uint8Array(CHUNK_BYTES);
  let first = true;
  for (;;) {
    const length = await fill(file, buffer);
    if (length === 0) break;
    const chunk = buffer.subarray(0, length);
    yield first ? withoutMark(path, chunk) : chunk;
    first = false;
  }
  if (first) throw new DataError(`${path}: wanted rows, found an empty file`);
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

async function openFile(path: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new DataError(`${path}: wanted a file of rows, found no such file`);
    }
    if (error instanceof Deno.errors.IsADirectory) throw folderError(path);
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${path}: could not open this file of rows: ${reason}`, { cause: error });
  }
  if ((await file.stat()).isDirectory) {
    file.close();
    throw folderError(path);
  }
  return file;
}

function folderError(path: string): DataError {
  return new DataError(`${path}: wanted a file of rows, found a folder; name the files in it one by one`);
}

/** Reads until the buffer is full or the file ends, since one read may return less than there is. */
async function fill(file: Deno.FsFile, buffer: Uint8Array): Promise<number> {
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
