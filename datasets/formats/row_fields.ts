import { describeValue, errorAt, type Place } from "../errors.ts";
import type { RawExample } from "../example.ts";

/** How the rows of one family of data sets become examples. */
export interface RowSchema {
  /** Name of the format, as used in `name:PATH`. */
  readonly name: string;
  /**
   * Turns one row into its examples, one for most rows. What the columns `system` and `history` hold is not for the
   * schema: `readRow` adds it.
   *
   * @throws {DataError} naming file, line, field, wanted and found.
   */
  examples(row: unknown, place: Place): RawExample[];
}

/** A parsed JSON object of unknown fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** Checks that a value is a JSON object. */
export function asFields(value: unknown, place: Place, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw errorAt(place, `${what}: wanted an object, found ${describeValue(value)}`);
}

/** Whether the row itself has a field; names such as `__proto__` are fields like any other. */
export function has(row: Fields, name: string): boolean {
  return Object.hasOwn(row, name);
}

/** A field that must be a string. `path` is what messages call it. */
export function text(row: Fields, name: string, place: Place, path = name): string {
  const value = has(row, name) ? row[name] : undefined;
  if (typeof value === "string") return value;
  if (value === undefined) {
    throw errorAt(place, `field "${path}" is missing: wanted a string, found ${describeValue(row)}`);
  }
  throw errorAt(place, `field "${path}": wanted a string, found ${describeValue(value)}`);
}

/** A field that may be absent or null, which both mean "". */
export function optionalText(row: Fields, name: string, place: Place, path = name): string {
  return !has(row, name) || row[name] === null ? "" : text(row, name, place, path);
}
