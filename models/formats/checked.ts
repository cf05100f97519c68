import { z } from "zod";
import { FormatError } from "./error.ts";

/**
 * A value from a file as its schema wants it.
 *
 * @param where the file, and the part of it, for messages
 * @throws {FormatError} naming the fields that are not as wanted
 */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new FormatError(`${where}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
