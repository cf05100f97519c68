import { CarryBuffer } from "./carry_buffer.ts";
import { errorAt, type Place, shorten } from "../errors.ts";
import { ACCEPTED_FORMS, type ElementsPiece, MAX_ROW_BYTES, type RowSplitter, rowTooLong } from "./json_row.ts";

const NEWLINE = 10, QUOTE = 34, COMMA = 44, OPEN_ARRAY = 91, BACKSLASH = 92, CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123, CLOSE_OBJECT = 125;

/** Where the splitter is: before `[`, at the first element or `]`, in one, after one, after a comma, after `]`. */
type Phase = "start" | "first" | "inside" | "after" | "next" | "done";

/**
 * Splits a JSON array of objects (or of lists, as dialogues are) without parsing it whole: it follows quotes and bracket depth to the end of each
 * element, and leaves the element itself to the JSON parser. Commas, the closing bracket and the absence of anything
 * after it are checked here.
 */
export class JsonArray implements RowSplitter {
  readonly #file: string;
  #phase: Phase = "start";
  #line = 1;
  readonly #carry = new CarryBuffer();
  #rowLine = 1;
  #depth = 0;
  #inString = false;

  /** @param file path, for messages. */
  constructor(file: string) {
    this.#file = file;
  }

  feed(chunk: Uint8Array): ElementsPiece | undefined {
    const spans: number[] = [];
    let at = this.#carry.length;
    const data = this.#carry.join(chunk);
    let start = 0;
    while (at < data.length) {
      if (this.#phase !== "inside") {
        start = at;
        at = this.#between(data, at);
        continue;
      }
      at = this.#scan(data, start, at);
      if (this.#depth > 0) break;
      spans.push(start, at, this.#rowLine);
      this.#phase = "after";
    }
    const piece: ElementsPiece | undefined = spans.length === 0
      ? undefined
      : { kind: "elements", bytes: data.slice(0, spans.at(-2)), spans: Uint32Array.from(spans) };
    this.#carry.keep(data.subarray(this.#phase === "inside" ? start : data.length));
    if (this.#carry.length > MAX_ROW_BYTES) throw rowTooLong({ file: this.#file, line: this.#rowLine });
    return piece;
  }

  end(): undefined {
    if (this.#phase === "done") return;
    if (this.#phase === "inside") {
      const place = { file: this.#file, line: this.#rowLine };
      throw errorAt(place, `malformed JSON: the file ends inside the row that starts here: it is cut short`);
    }
    const wanted = this.#phase === "after" ? "`,` or `]`" : this.#phase === "next" ? "a row" : "a row or `]`";
    throw errorAt(
      this.#place(),
      `malformed JSON: the array is not closed. Wanted ${wanted}, found the end of the file`,
    );
  }

  /** Handles one byte between elements, and returns the position to go on from. */
  #between(data: Uint8Array, at: number): number {
    const byte = data[at]!;
    if (byte === NEWLINE) this.#line++;
    if (byte === NEWLINE || byte === 32 || byte === 13 || byte === 9) return at + 1;
    const phase = this.#phase;
    if (phase === "start") {
      this.#phase = "first";
    } else if ((byte === OPEN_OBJECT || byte === OPEN_ARRAY) && (phase === "first" || phase === "next")) {
      this.#phase = "inside";
      this.#rowLine = this.#line;
      this.#depth = 0;
      // An element starts at its bracket, which the scan must see again to count it.
      return at;
    } else if (byte === CLOSE_ARRAY && (phase === "first" || phase === "after")) {
      this.#phase = "done";
    } else if (byte === COMMA && phase === "after") {
      this.#phase = "next";
    } else {
      throw this.#unexpected(data.subarray(at));
    }
    return at + 1;
  }

  /** Advances inside the element that begins at `start`; stops behind its end (depth 0) or at the end of the data. */
  #scan(data: Uint8Array, start: number, from: number): number {
    let at = from;
    let depth = this.#depth;
    let inString = this.#inString;
    let lines = 0;
    while (at < data.length) {
      if (inString) {
        at = data.indexOf(QUOTE, at);
        if (at < 0) at = data.length;
        else if (!isEscaped(data, start, at++)) inString = false;
        continue;
      }
      const byte = data[at++]!;
      if (byte === QUOTE) inString = true;
      else if (byte === NEWLINE) lines++;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) break;
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#line += lines;
    return at;
  }

  #unexpected(rest: Uint8Array): Error {
    const piece = new TextDecoder().decode(rest.subarray(0, 60)).split(/[\r\n]/, 1)[0]!;
    const found = `found ${shorten(piece, 24)}`;
    if (this.#phase === "done") return errorAt(this.#place(), `wanted nothing after the array's \`]\`, ${found}`);
    if (this.#phase === "after") {
      return errorAt(this.#place(), `malformed JSON: wanted \`,\` or \`]\` after a row, ${found}`);
    }
    return errorAt(this.#place(), `wanted a row, which is an object \`{…}\`, ${found}. Accepted are ${ACCEPTED_FORMS}`);
  }

  #place(): Place {
    return { file: this.#file, line: this.#line };
  }
}

/** Whether the quote at `at` is escaped, which an odd number of backslashes before it says. */
function isEscaped(data: Uint8Array, start: number, at: number): boolean {
  let first = at;
  while (first > start && data[first - 1] === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}
