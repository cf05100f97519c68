import { describeValue, errorAt, type Place } from "./errors.ts";
import type { Exchange, RawExample } from "./example.ts";
import { asFields, type Fields, has, optionalText, type RowSchema, text } from "./row_fields.ts";
import { listField } from "./turns.ts";

/**
 * Stanford Alpaca's rows, also Chinese-Vicuna's own: `{instruction, input, output}`, all strings. `input` may be "",
 * null or absent. `system` (a string) and `history` (a list of `[question, answer]`) may stand beside them; other fields
 * are ignored.
 */
export const alpacaSchema: RowSchema = {
  name: "alpaca",
  examples(value, place) {
    const row = asFields(value, place, "row");
    const system = optionalText(row, "system", place);
    const history = has(row, "history") && row.history !== null ? readHistory(row, place) : [];
    return [{
      ...threeFields(row, place),
      ...(system === "" ? {} : { system }),
      ...(history.length === 0 ? {} : { history }),
    }];
  },
};

/** A list of `[question, answer]` in the field `history`. */
export function readHistory(row: Fields, place: Place): Exchange[] {
  return listField(row, "history", place).map((item, index): Exchange => {
    if (Array.isArray(item) && item.length === 2 && item.every((part) => typeof part === "string")) {
      return item as unknown as Exchange;
    }
    throw errorAt(place, `field "history[${index}]": wanted [question, answer], found ${describeValue(item)}`);
  });
}

/** Reads the three fields that alpaca, later BELLE and Guanaco rows share. */
export function threeFields(value: unknown, place: Place): RawExample {
  const row = asFields(value, place, "row");
  return {
    instruction: text(row, "instruction", place),
    input: optionalText(row, "input", place),
    output: text(row, "output", place),
  };
}
