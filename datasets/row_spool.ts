import { createHash } from "node:crypto";
import { ByteWriter } from "./byte_writer.ts";
import { DigestSet } from "./digest_set.ts";
import { NumberList } from "./number_list.ts";
import type { RawExample } from "./row_fields.ts";

/**
 * Examples on their way through a merge: written to a temporary file in the order they come, later read back in any
 * order. Only a digest and an offset of each stay in memory.
 */
export class RowSpool {
  readonly #writer: ByteWriter;
  readonly #path: string;
  readonly #seen = new DigestSet();
  readonly #starts = new NumberList();
  readonly #encoder = new TextEncoder();

  /** @param path of the temporary file. */
  constructor(path: string) {
    this.#path = path;
    this.#writer = new ByteWriter(path);
  }

  /** How many examples it holds. */
  get length(): number {
    return this.#starts.length;
  }

  /** Appends an example as a line of JSON; false if one with exactly the same text is there already. */
  add({ instruction, input, output }: RawExample, source: string): boolean {
    const body = JSON.stringify({ instruction, input, output });
    if (!this.#seen.add(createHash("sha256").update(body).digest())) return false;
    this.#starts.push(this.#writer.length);
    this.#writer.write(this.#encoder.encode(`${body.slice(0, -1)},"source":${JSON.stringify(source)}}\n`));
    return true;
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
