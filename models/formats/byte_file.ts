import { FormatError } from "./error.ts";
import { expectPlainFile, refusePointer } from "./plain_file.ts";

/**
 * Opens a file to read stretches of bytes from it.
 *
 * @throws {FormatError} when it is no plain file
 * @throws {Deno.errors.NotFound} when there is no such file
 */
export async function openByteFile(path: string): Promise<ByteFile> {
  await refusePointer(path, await expectPlainFile(path));
  const file = await Deno.open(path);
  try {
    return new ByteFile(path, (await file.stat()).size, file);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** An open file, read by offset. Reads may overlap in time; they are done one after the other. */
export class ByteFile implements Disposable {
  /** The file, as it was given. */
  readonly path: string;
  /** Bytes that it had when it was opened. */
  readonly size: number;
  readonly #file: Deno.FsFile;
  #queue: Promise<unknown> = Promise.resolve();

  /** Use {@linkcode openByteFile}. */
  constructor(path: string, size: number, file: Deno.FsFile) {
    this.path = path;
    this.size = size;
    this.#file = file;
  }

  /**
   * Reads exactly `length` bytes from `offset` on.
   *
   * @param where what is read, for the message
   * @throws {FormatError} when the file ends before
   */
  async read(offset: number, length: number, where = this.path): Promise<Uint8Array<ArrayBuffer>> {
    // Checked before memory is taken: a header may claim any length.
    if (offset + length > this.size) {
      throw new FormatError(`${where}: the file ended ${offset + length - this.size} bytes too early`);
    }
    const read = this.#queue.then(() => readExactly(this.#file, offset, length, where));
    this.#queue = read.catch(() => {});
    return await read;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}

async function readExactly(
  file: Deno.FsFile,
  offset: number,
  length: number,
  where: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) throw new FormatError(`${where}: the file ended ${length - filled} bytes too early`);
    filled += count;
  }
  return bytes;
}
