import { DataError } from "../errors.ts";
import { tokenFilePaths, type TokenRow } from "./token_files.ts";

/** Reads rows of a split of tokenised rows in any order; the form is described at `tokenFilePaths`. */
export class TokenReader {
  /** Number of ids of each row. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** Number of ids of all rows together. */
  readonly tokens: number;
  readonly #starts: Float64Array;
  readonly #vocabularySize: number;
  readonly #idsPath: string;
  readonly #ids: Deno.FsFile;
  readonly #labels: Deno.FsFile;

  /**
   * Opens a split. Only its row lengths are read into memory.
   *
   * @param vocabularySize ids must be below this.
   * @throws {DataError} if a file is missing or its size does not fit the row lengths.
   */
  constructor(directory: string, split: string, vocabularySize: number) {
    const paths = tokenFilePaths(directory, split);
    this.lengths = readLengths(paths.lengths);
    this.#starts = new Float64Array(this.lengths.length + 1);
    this.lengths.forEach((length, row) => this.#starts[row + 1] = this.#starts[row]! + length);
    this.tokens = this.#starts[this.lengths.length]!;
    this.#vocabularySize = vocabularySize;
    this.#idsPath = paths.ids;
    checkSize(paths.ids, this.tokens * 4, paths.lengths);
    checkSize(paths.labels, this.tokens, paths.lengths);
    this.#ids = Deno.openSync(paths.ids);
    this.#labels = Deno.openSync(paths.labels);
  }

  /** Number of rows. */
  get rows(): number {
    return this.lengths.length;
  }

  /**
   * Reads one row.
   *
   * @throws {DataError} if an id lies outside the vocabulary.
   */
  row(index: number): TokenRow {
    const length = this.lengths[index];
    const start = this.#starts[index];
    if (length === undefined || start === undefined) {
      throw new RangeError(`token row: wanted 0 … ${this.rows - 1}, found ${index}`);
    }
    const ids = new Uint32Array(length);
    const labelled = new Uint8Array(length);
    readAt(this.#ids, start * 4, new Uint8Array(ids.buffer));
    readAt(this.#labels, start, labelled);
    const bad = ids.find((id) => id >= this.#vocabularySize);
    if (bad !== undefined) {
      throw new DataError(`${this.#idsPath}: row ${index}: wanted ids below ${this.#vocabularySize}, found ${bad}`);
    }
    return { ids, labelled };
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.#ids.close();
    this.#labels.close();
  }
}

function readLengths(path: string): Uint32Array<ArrayBuffer> {
  const bytes = readOrExplain(path, () => Deno.readFileSync(path));
  if (bytes.length % 4 !== 0) {
    throw new DataError(`${path}: wanted row lengths of 4 bytes each, found ${bytes.length} bytes`);
  }
  const lengths = new Uint32Array(bytes.slice().buffer);
  const empty = lengths.indexOf(0);
  if (empty >= 0) throw new DataError(`${path}: row ${empty}: wanted at least one token, found none`);
  return lengths;
}

function checkSize(path: string, wanted: number, source: string): void {
  const found = readOrExplain(path, () => Deno.statSync(path)).size;
  if (found !== wanted) {
    throw new DataError(`${path}: wanted ${wanted} bytes for the rows of ${source}, found ${found}`);
  }
}

function readOrExplain<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new DataError(`${path}: wanted tokenised rows, found no such file`);
    }
    throw error;
  }
}

function readAt(file: Deno.FsFile, position: number, into: Uint8Array): void {
  file.seekSync(position, Deno.SeekMode.Start);
  for (let at = 0; at < into.length;) {
    const read = file.readSync(into.subarray(at));
    if (read === null) throw new DataError("tokenised rows: the file was cut short while it was in use");
    at += read;
  }
}
