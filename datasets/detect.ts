import { describeValue, errorAt } from "./errors.ts";
import type { FormatName } from "./formats.ts";
import type { Row } from "./json_row.ts";
import { type Fields, has } from "./row_fields.ts";

/** How many rows at the start of a file are looked at. */
export const DETECTION_ROWS = 32;

/**
 * Tells the format of a file from its first rows. Fields or turn marks that only one format uses decide; otherwise rows with `instruction` and `output` are alpaca's, which later BELLE rows are too. (The one thing that
 * `belle:` adds for such rows is the repair of literal newlines in the middle of a line, see `normaliseNewlines`.)
 *
 * @throws {DataError} if the first row fits no format, naming the accepted fields.
 */
export function detectFormat(file: string, rows: readonly Row[]): FormatName {
  let seen: FormatName | undefined;
  for (const { value } of rows.slice(0, DETECTION_ROWS)) {
    const format = formatOf(value);
    if (format !== undefined && format !== "alpaca") return format;
    seen ??= format;
  }
  if (seen !== undefined) return seen;
  const first = rows[0]!;
  throw errorAt(
    { file, line: first.line },
    `wanted a row with {instruction, input, output}, {input, target}, {instruction, instances}, {conversations}, ` +
      `{messages} or {input: [], output: []}, ` +
      `found ${describeValue(first.value)}`,
  );
}

function formatOf(value: unknown): FormatName | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const row = value as Fields;
  if (has(row, "messages")) return "messages";
  if (has(row, "conversations")) return isBelles(row.conversations) ? "belle" : "sharegpt";
  if (has(row, "instances")) return "belle";
  if (Array.isArray(row.input) && Array.isArray(row.output)) return "chat";
  if (has(row, "input") && has(row, "target")) return "belle";
  if (!has(row, "instruction") || !has(row, "output")) return undefined;
  if (begins(row.instruction, /^Human\s*[:：]/)) return "belle";
  if (begins(row.input, /^(System|User)\s*[:：]/) || begins(row.instruction, /^(System|User)\s*[:：]/)) {
    return "guanaco";
  }
  return "alpaca";
}

function begins(value: unknown, mark: RegExp): boolean {
  return typeof value === "string" && mark.test(value);
}

/** BELLE's conversations know a human and an assistant; ShareGPT's call the latter gpt, and may have a system turn. */
function isBelles(turns: unknown): boolean {
  return Array.isArray(turns) &&
    turns.every((turn) => ["human", "assistant"].includes((turn as Fields | null)?.from as string));
}
