import { isBlank } from "../blank.ts";
import { describeValue, errorAt, type Place } from "../errors.ts";
import type { Exchange, RawExample, Turn } from "../example.ts";
import { type Fields, has, optionalText } from "./row_fields.ts";
import { answeredExchanges, isTurn, listField, readTurns } from "./turns.ts";

/**
 * Puts what the columns `system` and `history` hold before an example. Rows of every format may have them: `system` is a
 * string, `history` a list of `[question, answer]` or of turns; both may be null.
 *
 * @throws {DataError} naming the field
 */
export function withContext(example: RawExample, row: Fields, place: Place): RawExample {
  const system = [optionalText(row, "system", place), example.system ?? ""].filter((text) => !isBlank(text));
  const earlier = has(row, "history") && row.history !== null ? readHistory(row, place) : [];
  const history = [...earlier, ...example.history ?? []];
  const turns = example.turns && [...contextTurns(row, place, earlier), ...example.turns];
  return {
    ...example,
    ...(system.length === 0 ? {} : { system: system.join("\n") }),
    ...(history.length === 0 ? {} : { history }),
    ...(turns === undefined ? {} : { turns }),
  };
}

function contextTurns(row: Fields, place: Place, earlier: readonly Exchange[]): Turn[] {
  const system = optionalText(row, "system", place);
  return [
    ...(isBlank(system) ? [] : [{ role: "system" as const, text: system }]),
    ...earlier.flatMap(([asked, answered]): Turn[] => [
      { role: "user", text: asked },
      { role: "assistant", text: answered },
    ]),
  ];
}

/**
 * The field `history`: a list of `[question, answer]`, or of turns, whose unanswered questions are left out.
 *
 * @throws {DataError} naming the field of a value that is neither, as `history[0][1]`
 */
export function readHistory(row: Fields, place: Place): Exchange[] {
  const list = listField(row, "history", place);
  if (list.length > 0 && list.every(isTurn)) return answeredExchanges(readTurns(row, "history", place)).exchanges;
  return list.map((item, index): Exchange => {
    const path = `history[${index}]`;
    if (!Array.isArray(item) || item.length !== 2) {
      throw errorAt(place, `field "${path}": wanted [question, answer], found ${describeValue(item)}`);
    }
    const [question, answer] = item.map((part, at) => {
      if (typeof part === "string") return part;
      throw errorAt(place, `field "${path}[${at}]": wanted a string, found ${describeValue(part)}`);
    });
    return [question!, answer!];
  });
}
