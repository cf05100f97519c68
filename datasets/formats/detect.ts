import { isBlank } from "../blank.ts";
import { isMultiturnChat } from "./belle.ts";
import type { FormatName } from "./formats.ts";
import { guanacoTurns } from "./guanaco.ts";
import type { Row } from "../files/json_row.ts";
import { DIALOG } from "./lccc.ts";
import { type Columns, rowOf } from "./columns.ts";
import { type Fields, has } from "./row_fields.ts";
import { isTurn } from "./turns.ts";

/** How many rows at the start of a file are looked at. */
export const DETECTION_ROWS = 32;

/** The format that a row has by itself. */
export interface RowFormat {
  readonly format: FormatName;
  /** Whether the row tells anything of its file: an empty list, for one, may stand in any. */
  readonly tells: boolean;
}

/**
 * Tells the format of a file from its first rows together: the one that most of them have, of equally many the first.
 * BELLE's conversations know a human and an assistant only; one row with another speaker makes all of them ShareGPT's.
 *
 * Each row is read by its own format whatever the file's is (see `readRow`). What hangs on the file's is the name in
 * reports, and the repair of literal newlines that BELLE's files need (see `normaliseNewlines`).
 *
 * @returns alpaca if no row tells anything
 */
export function detectFormat(rows: readonly Row[], columns: Columns = {}): FormatName {
  const votes = new Map<FormatName, number>();
  let empty: FormatName | undefined;
  const first = rows.slice(0, DETECTION_ROWS).map(({ value }) => rowOf(value, columns));
  const isShareGpt = first.some((row) => formatOfRow(row)?.format === "sharegpt" && formatOfRow(row)!.tells);
  for (const row of first) {
    const found = formatOfRow(row);
    if (found === undefined) continue;
    const { format, tells } = found;
    const named = isShareGpt && hasItems((row as Fields).conversations) ? "sharegpt" : format;
    if (tells) votes.set(named, (votes.get(named) ?? 0) + 1);
    else empty ??= format;
  }
  // Sorting keeps the order of equals, and a map that of its keys.
  return [...votes].toSorted(([, one], [, other]) => other - one)[0]?.[0] ?? empty ?? "alpaca";
}

/**
 * The format of one row, by the fields that are not null; a list that holds something comes before an empty one.
 *
 * @returns undefined if it has none
 */
export function formatOfRow(value: unknown): RowFormat | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const row = value as Fields;
  const isSet = (name: string) => has(row, name) && row[name] !== null;
  const tells = (format: FormatName): RowFormat => ({ format, tells: true });
  if (hasItems(row.messages)) return tells("messages");
  if (hasItems(row.conversations)) return tells(row.conversations.every(isBelles) ? "belle" : "sharegpt");
  if (hasItems(row[DIALOG])) return row[DIALOG].every(isTurn) ? undefined : tells("lccc");
  if (hasItems(row.instances)) return tells("belle");
  if (hasItems(row.input) && Array.isArray(row.output)) return tells("chat");
  if (isSet("instruction") && isSet("output")) return ofTexts(row);
  if (isSet("input") && isSet("target")) return tells("belle");
  if (isSet("messages")) return { format: "messages", tells: false };
  if (isSet("conversations")) return { format: "sharegpt", tells: false };
  if (isSet(DIALOG)) return { format: "lccc", tells: false };
  if (isSet("instances")) return { format: "belle", tells: false };
  if (Array.isArray(row.input) && Array.isArray(row.output)) return { format: "chat", tells: false };
  // What is named but null is a fault of the field, which the schema names.
  return has(row, "instruction") && has(row, "output") ? { format: "alpaca", tells: false } : undefined;
}

/**
 * Rows of three texts are alpaca's, unless a whole conversation stands in them as BELLE or Guanaco write it. Without a
 * question or an answer they are left out anyway.
 */
function ofTexts({ instruction, input, output }: Fields): RowFormat {
  const example = { instruction: textOf(instruction), input: textOf(input), output: textOf(output) };
  const tells = !isBlank(example.output) && !isBlank(`${example.instruction}${example.input}`);
  if (isMultiturnChat(example)) return { format: "belle", tells };
  return { format: guanacoTurns(example) === undefined ? "alpaca" : "guanaco", tells };
}

/** A text; what is none the schema complains of. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function hasItems(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}

/** BELLE's conversations know a human and an assistant; ShareGPT's call the latter gpt, and may have a system turn. */
function isBelles(turn: unknown): boolean {
  return ["human", "assistant"].includes((turn as Fields | null)?.from as string);
}
