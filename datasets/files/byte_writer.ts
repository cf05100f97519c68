/** Writes a file through one buffer, so that many small pieces cost few system calls. */
export class ByteWriter {
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(1 << 20);
  #used = 0;
  #written = 0;

  /** Creates the file, or empties it. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { create: true, write: true, truncate: true });
  }

  /** Bytes handed over so far. */
  get length(): number {
    return this.#written + this.#used;
  }

  /** Appends bytes. */
  write(bytes: Uint8Array): void {
    if (bytes.length > this.#buffer.length - this.#used) this.#flush();
    if (bytes.length > this.#buffer.length) {
      this.#writeAll(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Writes out what is left; without this the file is incomplete. */
  finish(): void {
    this.#flush();
  }

  /** Closes the file without writing anything more. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  #flush(): void {
    this.#writeAll(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #writeAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#written += bytes.length;
  }
}
