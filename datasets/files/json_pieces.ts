import { errorAt } from "../errors.ts";
import { ACCEPTED_FORMS, decodeUtf8, type ElementsPiece, encodingError, type LinesPiece } from "./json_row.ts";
import { parseRow, type Row, SPAN_WORDS } from "./json_row.ts";

const NEWLINE = 10;

/** Takes the error of a row. */
export type Faulty = (error: unknown) => void;

/** Parses JSON Lines; see `parsePiece`. */
export function parseLines(piece: LinesPiece, file: string, onFault?: Faulty): Row[] {
  const { bytes, line: first, last } = piece;
  const text = decodeUtf8(bytes);
  if (text === undefined) return parseBadLines(piece, file, onFault);
  const rows: Row[] = [];
  let line = first;
  for (let start = 0; start < text.length; line++) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const row = text.slice(start, end);
    start = end + 1;
    if (isBlank(row)) continue;
    try {
      rows.push({ value: parseLine(row, { file, line }, last), line });
    } catch (error) {
      if (onFault === undefined) throw error;
      onFault(error);
    }
  }
  return rows;
}

/** Some of the lines are not valid UTF-8: finds out which. */
function parseBadLines({ bytes, line: first, last }: LinesPiece, file: string, onFault?: Faulty): Row[] {
  const rows: Row[] = [];
  let line = first;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const row = bytes.subarray(start, end);
    start = end + 1;
    if (decodeUtf8(row) !== undefined) {
      rows.push(...parseLines({ kind: "lines", bytes: row, line, last: last && start >= bytes.length }, file, onFault));
      continue;
    }
    const error = encodingError({ file, line });
    if (onFault === undefined) throw error;
    onFault(error);
  }
  return rows;
}

/** Parses elements of a JSON array; see `parsePiece`. */
export function parseElements({ bytes, spans }: ElementsPiece, file: string, onFault?: Faulty): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < spans.length; at += SPAN_WORDS) {
    const place = { file, line: spans[at + 2]! };
    try {
      const text = decodeUtf8(bytes.subarray(spans[at], spans[at + 1]));
      if (text === undefined) throw encodingError(place);
      rows.push({ value: parseRow(text, place), line: place.line });
    } catch (error) {
      if (onFault === undefined) throw error;
      onFault(error);
    }
  }
  return rows;
}

function parseLine(text: string, place: { file: string; line: number }, last: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!isUnfinished(text, error)) return parseRow(text, place);
    const why = last
      ? "the file ends inside this row: it is cut short"
      : `the row does not end on its line. Accepted are ${ACCEPTED_FORMS}`;
    throw errorAt(place, `malformed JSON: ${why}`);
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
