import { describeValue, errorAt, type Place } from "./errors.ts";
import type { Exchange, RawExample } from "./example.ts";
import { asFields, type Fields, text } from "./row_fields.ts";

/** Who speaks. */
export type Role = "system" | "user" | "assistant";

/** One contribution to a conversation. */
export interface Turn {
  readonly role: Role;
  readonly text: string;
}

/** How a format writes the turns of a conversation. */
export interface TurnForm {
  /** Field of the row that holds the list. */
  readonly list: string;
  /** Field of a turn that says who speaks. */
  readonly role: string;
  /** Field of a turn with what is said. */
  readonly text: string;
  /** Names of roles. */
  readonly roles: Readonly<Record<string, Role>>;
}

/**
 * Reads a list of turns.
 *
 * @throws {DataError} naming the turn and its field.
 */
export function readTurns(row: Fields, form: TurnForm, place: Place): Turn[] {
  return listField(row, form.list, place).map((item, index) => {
    const path = `${form.list}[${index}]`;
    const fields = asFields(item, place, `field "${path}"`);
    const role = text(fields, form.role, place, `${path}.${form.role}`);
    if (!Object.hasOwn(form.roles, role)) {
      const names = Object.keys(form.roles).map((name) => `"${name}"`).join(" or ");
      throw errorAt(place, `field "${path}.${form.role}": wanted ${names}, found ${describeValue(role)}`);
    }
    return { role: form.roles[role]!, text: text(fields, form.text, place, `${path}.${form.text}`) };
  });
}

/** A field that must be an array. */
export function listField(row: Fields, name: string, place: Place): unknown[] {
  const value = row[name];
  if (Object.hasOwn(row, name) && Array.isArray(value)) return value;
  throw errorAt(place, `field "${name}": wanted an array, found ${describeValue(value)}`);
}

/**
 * A conversation as an example: the last answered question and what came before. Turns of one speaker in a row are
 * joined by a newline, a system turn that is not at the start counts as the user's. What the assistant says before any
 * question, and questions after the last answer, are left out. Without an answer the output is empty, which merge drops
 * and counts.
 */
export function conversationExample(turns: readonly Turn[]): RawExample {
  const start = turns.findIndex(({ role }) => role !== "system");
  const system = turns.slice(0, start < 0 ? turns.length : start).map((turn) => turn.text).join("\n");
  const exchanges: [question: string, answer: string | undefined][] = [];
  for (const { role, text } of start < 0 ? [] : turns.slice(start)) {
    const last = exchanges.at(-1);
    if (role === "assistant") {
      if (last !== undefined) last[1] = last[1] === undefined ? text : `${last[1]}\n${text}`;
    } else if (last !== undefined && last[1] === undefined) {
      last[0] = `${last[0]}\n${text}`;
    } else {
      exchanges.push([text, undefined]);
    }
  }
  const answered = exchanges.filter((exchange): exchange is [string, string] => exchange[1] !== undefined);
  return exchangeExample(answered, system);
}

/** Questions with their answers as an example; none give an empty one. */
export function exchangeExample(exchanges: readonly Exchange[], system = ""): RawExample {
  const [instruction, output] = exchanges.at(-1) ?? ["", ""];
  const history = exchanges.slice(0, -1);
  return {
    instruction,
    input: "",
    output,
    ...(system.trim() === "" ? {} : { system }),
    ...(history.length === 0 ? {} : { history }),
  };
}
