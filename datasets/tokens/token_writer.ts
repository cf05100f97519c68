import { ByteWriter } from "../files/byte_writer.ts";
import { tokenFilePaths, type TokenRow } from "./token_files.ts";

/** Writes a split of tokenised rows; the form is described at `tokenFilePaths`. */
export class TokenWriter {
  readonly #ids: ByteWriter;
  readonly #labels: ByteWriter;
  readonly #lengths: ByteWriter;

  /** Creates the files of `split` ("train", "validation") in a folder. */
  constructor(directory: string, split: string) {
    const paths = tokenFilePaths(directory, split);
    this.#ids = new ByteWriter(paths.ids);
    this.#labels = new ByteWriter(paths.labels);
    this.#lengths = new ByteWriter(paths.lengths);
  }

  /** Appends a row, which must have ids and one label byte for each. */
  append({ ids, labelled }: TokenRow): void {
    if (ids.length === 0 || ids.length !== labelled.length) {
      throw new RangeError(`token row: wanted ids and as many labels, found ${ids.length} and ${labelled.length}`);
    }
    this.appendAll({ ids, labelled, lengths: Uint32Array.of(ids.length) });
  }

  /** Appends any number of rows, one behind the other; `lengths` says how many ids each has. */
  appendAll({ ids, labelled, lengths }: { ids: Uint32Array; labelled: Uint8Array; lengths: Uint32Array }): void {
    this.#ids.write(bytesOf(ids));
    this.#labels.write(labelled);
    this.#lengths.write(bytesOf(lengths));
  }

  /** Writes out what is left; without this the files are incomplete. */
  finish(): void {
    for (const file of [this.#ids, this.#labels, this.#lengths]) file.finish();
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    for (const file of [this.#ids, this.#labels, this.#lengths]) file[Symbol.dispose]();
  }
}

/** WebGPU runs on little-endian machines only, so memory order is file order. */
function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
