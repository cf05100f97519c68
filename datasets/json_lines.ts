import { errorAt, type Place } from "./errors.ts";
import {
  ACCEPTED_FORMS,
  decodeUtf8,
  encodingError,
  MAX_ROW_BYTES,
  parseRow,
  type Row,
  type RowSplitter,
  rowTooLong,
} from "./json_row.ts";

const NEWLINE = 10;

/**
 * Splits JSON Lines: one JSON value a line, blank lines allowed, any of LF and CRLF, the last line with or without an
 * end.
 */
export class JsonLines implements RowSplitter {
  readonly #file: string;
  /** Pieces of the line that has not ended yet. */
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #line = 1;

  /** @param file path, for messages. */
  constructor(file: string) {
    this.#file = file;
  }

  feed(chunk: Uint8Array): Row[] {
    const cut = chunk.lastIndexOf(NEWLINE) + 1;
    const rows = cut === 0 ? [] : this.#rows(this.#take(chunk.subarray(0, cut)), false);
    if (cut < chunk.length) {
      this.#pending.push(chunk.slice(cut));
      this.#pendingBytes += chunk.length - cut;
      if (this.#pendingBytes > MAX_ROW_BYTES) throw rowTooLong(this.#place());
    }
    return rows;
  }

  end(): Row[] {
    return this.#pendingBytes === 0 ? [] : this.#rows(this.#take(new Uint8Array()), true);
  }

  #take(tail: Uint8Array): Uint8Array {
    if (this.#pendingBytes === 0) return tail;
    const whole = new Uint8Array(this.#pendingBytes + tail.length);
    let at = 0;
    for (const piece of [...this.#pending, tail]) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pending = [];
    this.#pendingBytes = 0;
    return whole;
  }

  #rows(bytes: Uint8Array, last: boolean): Row[] {
    const text = decodeUtf8(bytes);
    if (text === undefined) throw this.#findBadBytes(bytes);
    const rows: Row[] = [];
    let start = 0;
    while (start < text.length) {
      const newline = text.indexOf("\n", start);
      const end = newline < 0 ? text.length : newline;
      const line = text.slice(start, end);
      if (!isBlank(line)) rows.push({ value: this.#parse(line, last), line: this.#line });
      start = end + 1;
      if (newline >= 0) this.#line++;
    }
    return rows;
  }

  #parse(text: string, last: boolean): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      if (!isUnfinished(text, error)) return parseRow(text, this.#place());
      const why = last
        ? "the file ends inside this row: it is cut short"
        : `the row does not end on its line. Accepted are ${ACCEPTED_FORMS}`;
      throw errorAt(this.#place(), `malformed JSON: ${why}`);
    }
  }

  #place(): Place {
    return { file: this.#file, line: this.#line };
  }

  #findBadBytes(bytes: Uint8Array): Error {
    let line = this.#line;
    let start = 0;
    while (start < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 ? bytes.length : newline;
      if (decodeUtf8(bytes.subarray(start, end)) === undefined) break;
      start = end + 1;
      line++;
    }
    return encodingError({ file: this.#file, line });
  }
}

function isBlank(line: string): boolean {
  return line.length === 0 || line === "\r" || line.trim().length === 0;
}

/** Whether the parser only missed an end: it got as far as the last character. */
function isUnfinished(text: string, error: unknown): boolean {
  if (!(error instanceof SyntaxError)) return false;
  if (error.message.startsWith("Unexpected end")) return true;
  const position = /at position (\d+)/.exec(error.message);
  return position !== null && Number(position[1]) >= text.trimEnd().length;
}
