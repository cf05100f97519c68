import { FormatError, quoted } from "./error.ts";

/** How deep the objects and arrays of a checked text may nest. */
const MAX_DEPTH = 64;

/**
 * Parses JSON bytes more strictly than `JSON.parse`: bad UTF-8, a byte order mark, repeated keys in one object and deep
 * nesting are errors. A key `__proto__` becomes a plain own property: walk such objects with `Object.entries`.
 *
 * @param bytes the text, UTF-8
 * @param where the file, and the part of it, for messages
 * @throws {FormatError} when the text is not such JSON
 */
export function parseStrictJson(bytes: Uint8Array, where: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FormatError(`${where} is not valid UTF-8`);
  }
  checkKeys(text, where);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : String(error);
    throw new FormatError(`${where} is not valid JSON: ${reason}`);
  }
}

/** Walks the tokens that matter for keys and depth. Syntax faults are left for JSON.parse to report. */
function checkKeys(text: string, where: string): void {
  const open: (Set<string> | undefined)[] = []; // keys seen in each open object; undefined for an array
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (open.length >= MAX_DEPTH) throw new FormatError(`${where} nests deeper than ${MAX_DEPTH} levels`);
      open.push(code === OPEN_OBJECT ? new Set() : undefined);
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      open.pop();
    } else if (code === QUOTE) {
      const end = endOfString(text, i);
      if (isKey(text, end)) addKey(open.at(-1), text.slice(i, end), where);
      i = end - 1;
    }
  }
}

const QUOTE = 0x22, BACKSLASH = 0x5c, COLON = 0x3a;
const OPEN_OBJECT = 0x7b, CLOSE_OBJECT = 0x7d, OPEN_ARRAY = 0x5b, CLOSE_ARRAY = 0x5d;

/** The index just past the closing quote of the string that starts at `start`. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i + 1;
  }
  return text.length;
}

/** Only a colon, after white space, can follow a key. */
function isKey(text: string, end: number): boolean {
  let i = end;
  while (i < text.length && (text[i] === " " || text[i] === "\n" || text[i] === "\r" || text[i] === "\t")) i++;
  return text.charCodeAt(i) === COLON;
}

function addKey(keys: Set<string> | undefined, literal: string, where: string): void {
  if (keys === undefined) return; // "[…: …" is a syntax fault
  let key: unknown;
  try {
    key = JSON.parse(literal); // "\u0061" and "a" are the same key
  } catch {
    return;
  }
  if (typeof key !== "string") return;
  if (keys.has(key)) throw new FormatError(`${where} has the key ${quoted(key)} twice`);
  keys.add(key);
}
