import { closestString } from "@std/text/closest-string";
import { DataError } from "../errors.ts";
import { DIALOG } from "./lccc.ts";
import type { Fields } from "./row_fields.ts";

/** Fields of rows that a column of another name may stand for. */
export const COLUMN_NAMES = [
  "instruction",
  "input",
  "output",
  "system",
  "history",
  "messages",
  "conversations",
] as const;

/** A field of rows. */
export type ColumnName = typeof COLUMN_NAMES[number];

/** The names that columns have in a file, by the field that they are. */
export type Columns = { readonly [Name in ColumnName]?: string };

/**
 * Parses `FIELD=COLUMN[,FIELD=COLUMN…]`, such as `instruction=prompt,output=response`.
 *
 * @throws {DataError} for an unknown or repeated field, or a part without a name.
 */
export function parseColumns(texts: readonly string[]): Columns {
  const columns: Partial<Record<ColumnName, string>> = {};
  for (const part of texts.flatMap((text) => text.split(",")).map((text) => text.trim()).filter(Boolean)) {
    const [, field = "", column = ""] = /^([^=]*)=(.*)$/.exec(part) ?? [];
    const name = COLUMN_NAMES.find((each) => each === field.trim());
    if (name === undefined || column.trim() === "") {
      const hint = field === "" || name !== undefined ? "" : ` Did you mean ${closestString(field, COLUMN_NAMES)}?`;
      throw new DataError(
        `columns: wanted FIELD=COLUMN, where FIELD is one of ${COLUMN_NAMES.join(", ")}, found "${part}".${hint}`,
      );
    }
    if (columns[name] !== undefined) throw new DataError(`columns: wanted ${name} once, found it twice`);
    columns[name] = column.trim();
  }
  return columns;
}

/** Columns as {@link parseColumns} reads them. */
export function formatColumns(columns: Columns): string {
  return Object.entries(columns).map(([name, column]) => `${name}=${column}`).join(",");
}

/**
 * A row with its columns under the names of fields. A column that a row lacks leaves the field of that name as it is. A
 * list by itself, as LCCC's dialogues are, becomes the field `dialog`.
 */
export function rowOf(value: unknown, columns: Columns): unknown {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return { [DIALOG]: value };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const named = Object.entries(columns).filter(([, column]) => Object.hasOwn(value, column));
  if (named.length === 0) return value;
  return { ...value, ...Object.fromEntries(named.map(([name, column]) => [name, (value as Fields)[column]])) };
}
