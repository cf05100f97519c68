import { ByteWriter } from "../files/byte_writer.ts";
import { NumberList } from "../files/number_list.ts";

/**
 * Examples on their way through a merge: written to a temporary file in the order they come, later read back in any
 * order. Only an offset of each stays in memory.
 */
export class RowSpool {
  readonly #writer: ByteWriter;
  readonly #path: string;
  readonly #starts = new NumberList();

  /** @param path of the temporary file. */
  constructor(path: string) {
    this.#path = path;
    this.#writer = new ByteWriter(path);
  }

  /** How many examples it holds. */
  get length(): number {
    return this.#starts.length;
  }

  /** Appends a line. */
  add(line: Uint8Array): void {
    this.#starts.push(this.#writer.length);
    this.#writer.write(line);
  }

  /** Ends the writing and opens the lines for reading. */
  reader(): RowSpoolReader {
    this.#writer.finish();
    const end = this.#writer.length;
    const starts = this.#starts;
    return new RowSpoolReader(
      this.#path,
      (index) => [starts.at(index), index + 1 < starts.length ? starts.at(index + 1) : end],
    );
  }

  /** Closes the temporary file and removes it. */
  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
    Deno.removeSync(this.#path);
  }
}

/** Reads the lines of a {@link RowSpool} in any order. */
export class RowSpoolReader {
  readonly #file: Deno.FsFile;
  readonly #span: (index: number) => [start: number, end: number];
  #buffer = new Uint8Array(1 << 16);

  /** @param span start and end of a line in bytes. */
  constructor(path: string, span: (index: number) => [start: number, end: number]) {
    this.#file = Deno.openSync(path);
    this.#span = span;
  }

  /** The bytes of one line with its end, valid until the next call. */
  line(index: number): Uint8Array {
    const [start, end] = this.#span(index);
    const length = end - start;
    if (length > this.#buffer.length) this.#buffer = new Uint8Array(length * 2);
    this.#file.seekSync(start, Deno.SeekMode.Start);
    for (let at = 0; at < length;) {
      const read = this.#file.readSync(this.#buffer.subarray(at, length));
      if (read === null) throw new Error("merge: the temporary file of rows was cut short while it was in use");
      at += read;
    }
    return this.#buffer.subarray(0, length);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
