import { CarryBuffer } from "./carry_buffer.ts";
import { type LinesPiece, MAX_ROW_BYTES, type RowSplitter, rowTooLong } from "./json_row.ts";

const NEWLINE = 10;

/**
 * Cuts JSON Lines into whole lines: one JSON value a line, blank lines allowed, any of LF and CRLF, the last line with or
 * without an end.
 */
export class JsonLines implements RowSplitter {
  readonly #file: string;
  /** The line that has not ended yet. */
  readonly #carry = new CarryBuffer();
  #line = 1;

  /** @param file path, for messages. */
  constructor(file: string) {
    this.#file = file;
  }

  feed(chunk: Uint8Array): LinesPiece | undefined {
    const held = this.#carry.length;
    const cut = chunk.lastIndexOf(NEWLINE) + 1;
    const data = this.#carry.join(chunk);
    const piece = cut === 0 ? undefined : this.#piece(data.slice(0, held + cut), false);
    this.#carry.keep(data.subarray(cut === 0 ? 0 : held + cut));
    if (this.#carry.length > MAX_ROW_BYTES) throw rowTooLong({ file: this.#file, line: this.#line });
    return piece;
  }

  end(): LinesPiece | undefined {
    return this.#carry.length === 0 ? undefined : this.#piece(this.#carry.join(new Uint8Array()).slice(), true);
  }

  #piece(bytes: Uint8Array<ArrayBuffer>, last: boolean): LinesPiece {
    const line = this.#line;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) this.#line++;
    return { kind: "lines", bytes, line, last };
  }
}
