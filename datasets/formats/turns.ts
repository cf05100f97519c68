import { isBlank } from "../blank.ts";
import { describeValue, errorAt, type Place } from "../errors.ts";
import type { Exchange, RawExample, Role, Turn } from "../example.ts";
import { asFields, type Fields, has, text } from "./row_fields.ts";

/**
 * Names of the field of a turn that says who speaks, and of the one with what is said: ShareGPT's, OpenAI's, and those of
 * merged rows.
 */
const FIELDS = { role: ["from", "role"], text: ["value", "content", "text"] } as const;

/** Who is meant by the names that data sets use. */
const ROLES: Readonly<Record<string, Role>> = {
  human: "user",
  user: "user",
  gpt: "assistant",
  chatgpt: "assistant",
  assistant: "assistant",
  bing: "assistant",
  bard: "assistant",
  system: "system",
  developer: "system",
};

/** Whether a value has the fields of a turn. */
export function isTurn(value: unknown): boolean {
  return typeof value === "object" && value !== null && FIELDS.role.some((name) => has(value as Fields, name)) &&
    FIELDS.text.some((name) => has(value as Fields, name));
}

/**
 * Reads a list of turns, `{from, value}` or `{role, content}`.
 *
 * @throws {DataError} naming the turn and its field.
 */
export function readTurns(row: Fields, list: string, place: Place): Turn[] {
  return listField(row, list, place).map((item, index) => {
    const path = `${list}[${index}]`;
    const fields = asFields(item, place, `field "${path}"`);
    const [who, what] = [nameIn(fields, FIELDS.role), nameIn(fields, FIELDS.text)];
    const role = text(fields, who, place, `${path}.${who}`);
    if (!Object.hasOwn(ROLES, role)) {
      const names = Object.keys(ROLES).map((name) => `"${name}"`).join(" or ");
      throw errorAt(place, `field "${path}.${who}": wanted ${names}, found ${describeValue(role)}`);
    }
    return { role: ROLES[role]!, text: text(fields, what, place, `${path}.${what}`) };
  });
}

/** The name that a field has here; OpenAI's where there is none, unless the other field is ShareGPT's. */
function nameIn(fields: Fields, names: readonly string[]): string {
  const found = names.find((name) => has(fields, name) && fields[name] !== null);
  return found ?? names[has(fields, "from") || has(fields, "value") ? 0 : 1]!;
}

/** A field that must be an array. */
export function listField(row: Fields, name: string, place: Place): unknown[] {
  const value = row[name];
  if (Object.hasOwn(row, name) && Array.isArray(value)) return value;
  throw errorAt(place, `field "${name}": wanted an array, found ${describeValue(value)}`);
}

/**
 * A conversation as an example: the last answered question and what came before. Turns of one speaker in a row are
 * joined by a newline, a system turn that is not at the start counts as the user's; `turns` keeps both as they were. What
 * the assistant says before any question, and questions after the last answer, are left out. Without an answer the output
 * is empty, which merge drops and counts.
 */
export function conversationExample(turns: readonly Turn[]): RawExample {
  const { system, exchanges } = answeredExchanges(turns);
  const example = exchangeExample(exchanges, system);
  const unusual = unusualTurns(turns);
  return unusual === undefined ? example : { ...example, turns: unusual };
}

/** The turns before the last answer, answers in a row joined; undefined if the system's come first and all others alternate. */
export function unusualTurns(turns: readonly Turn[]): Turn[] | undefined {
  const end = turns.findLastIndex(({ role }) => role === "assistant");
  const kept: Turn[] = [];
  for (const turn of turns.slice(0, end < 0 ? 0 : end + 1)) {
    const last = kept.at(-1);
    if (turn.role !== "assistant") kept.push(turn);
    else if (last?.role === "assistant") {
      kept[kept.length - 1] = { role: last.role, text: `${last.text}\n${turn.text}` };
    } else if (kept.some(({ role }) => role === "user")) kept.push(turn);
  }
  const before = kept.slice(0, -1);
  const isUnusual = before.some(({ role }, at) =>
    at > 0 && role !== "assistant" && follows(role, before[at - 1]!.role)
  );
  return isUnusual ? before : undefined;
}

/** Whether a user's or a system's turn stands where exchanges have none. */
function follows(role: Role, before: Role): boolean {
  return role === "system" ? before !== "system" : before === "user";
}

/** The system text of a conversation and its answered questions; see {@link conversationExample}. */
export function answeredExchanges(turns: readonly Turn[]): { system: string; exchanges: Exchange[] } {
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
  return { system, exchanges: answered };
}

/** Questions with their answers as an example; none give an empty one. */
export function exchangeExample(exchanges: readonly Exchange[], system = ""): RawExample {
  const [instruction, output] = exchanges.at(-1) ?? ["", ""];
  const history = exchanges.slice(0, -1);
  return {
    instruction,
    input: "",
    output,
    ...(isBlank(system) ? {} : { system }),
    ...(history.length === 0 ? {} : { history }),
  };
}
