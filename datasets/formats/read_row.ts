import { type Columns, formatColumns, rowOf } from "./columns.ts";
import { withContext } from "./context.ts";
import { formatOfRow } from "./detect.ts";
import { DataError, describeValue, errorAt, type Place } from "../errors.ts";
import type { RawExample } from "../example.ts";
import { type FormatName, SCHEMAS } from "./formats.ts";
import { asFields } from "./row_fields.ts";

/** How the rows of a source are read. */
export interface RowReading {
  /** Format of the source. */
  readonly format: FormatName;
  /** Whether the format was told from the rows: then each row is read by its own. */
  readonly detected: boolean;
  /** Names of columns that differ from those of the fields; none if absent. */
  readonly columns?: Columns;
}

/**
 * The examples of one row: one for most rows.
 *
 * @throws {DataError} naming file, line, field, wanted and found; for a row of no known format also what its source was
 * taken for, and what overrules that.
 */
export function readRow(value: unknown, reading: RowReading, place: Place): RawExample[] {
  const { format, detected, columns = {} } = reading;
  try {
    const row = rowOf(value, columns);
    const own = detected ? formatOfRow(row)?.format : format;
    if (own === undefined) throw unknownRow(value, format, place);
    const fields = asFields(row, place, "row");
    return SCHEMAS[own].examples(fields, place).map((example) => withContext(example, fields, place));
  } catch (error) {
    if (!(error instanceof DataError) || Object.keys(columns).length === 0) throw error;
    throw new DataError(`${error.message} (columns: ${formatColumns(columns)})`, { cause: error });
  }
}

function unknownRow(value: unknown, format: FormatName, place: Place): DataError {
  const list = listOfRows(value);
  if (list !== undefined) {
    return errorAt(
      place,
      `wanted a row, found an object whose field "${list}" is a list of rows; wanted that list alone, or a row a line`,
    );
  }
  return errorAt(
    place,
    `wanted a row with {instruction, input, output}, {input, target}, {instruction, instances}, {conversations}, ` +
      `{messages}, {input: [], output: []} or a list of turns, found ${
        describeValue(value)
      }. By its first rows the file ` +
      `was read as ${format}; FORMAT: in front of the path overrules that, and --columns names columns: ` +
      `--columns instruction=prompt,output=response`,
  );
}

/** The field of an object that holds rows, where a whole data set was written as one object. */
function listOfRows(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const isRow = (each: unknown) => typeof each === "object" && each !== null;
  return Object.entries(value).find(([, list]) => Array.isArray(list) && list.length > 0 && list.every(isRow))?.[0];
}
