import type { Place } from "./errors.ts";
import { asFields, optionalText, type RawExample, type RowSchema, text } from "./row_fields.ts";

/**
 * Stanford Alpaca's rows, also Chinese-Vicuna's own: `{instruction, input, output}`, all strings. `input` may be "",
 * null or absent. Other fields are ignored.
 */
export const alpacaSchema: RowSchema = { name: "alpaca", examples: (row, place) => [threeFields(row, place)] };

/** Reads the three fields that alpaca, later BELLE and Guanaco rows share. */
export function threeFields(value: unknown, place: Place): RawExample {
  const row = asFields(value, place, "row");
  return {
    instruction: text(row, "instruction", place),
    input: optionalText(row, "input", place),
    output: text(row, "output", place),
  };
}
