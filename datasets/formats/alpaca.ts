import type { Place } from "../errors.ts";
import type { RawExample } from "../example.ts";
import { asFields, type Fields, optionalText, type RowSchema, text } from "./row_fields.ts";

/**
 * Stanford Alpaca's rows, also Chinese-Vicuna's own: `{instruction, input, output}`, all strings. `input` may be "",
 * null or absent.
 */
export const alpacaSchema: RowSchema = {
  name: "alpaca",
  examples: (row, place) => [threeFields(asFields(row, place, "row"), place)],
};

/** Reads the three fields that alpaca, later BELLE and Guanaco rows share. */
export function threeFields(row: Fields, place: Place): RawExample {
  return {
    instruction: text(row, "instruction", place),
    input: optionalText(row, "input", place),
    output: text(row, "output", place),
  };
}
