import { answerPattern } from "./answer_pattern.ts";
import { readHistory } from "../formats/context.ts";
import { describeValue, errorAt, type Place } from "../errors.ts";
import type { Question } from "../example.ts";
import { type ReadOptions } from "../files/pieces.ts";
import { readRows } from "../formats/read_rows.ts";
import { asFields, type Fields, has, optionalText, text } from "../formats/row_fields.ts";
import { readTurns } from "../formats/turns.ts";

/** A question whose answer can be told right from wrong by its text. */
export interface AnswerItem {
  readonly question: Question;
  /** Right answers, any of which will do; empty if the pattern alone decides. */
  readonly answers: readonly string[];
  /**
   * A regular expression of JavaScript with the flag `u`. Without answers, what it is found in is right. With answers, its
   * first group (the whole match, if it has none) at its first place is what is compared with them.
   */
  readonly pattern?: string;
  /** What kind of question it is; "" if the row does not say. Results are given for each kind. */
  readonly kind: string;
}

/** How an answer is compared with the right ones. Spaces around both never count. */
export interface MatchRules {
  /** Treat upper and lower case as the same. */
  readonly ignoreCase: boolean;
  /** Leave punctuation and symbols of every script out. */
  readonly ignorePunctuation: boolean;
}

/**
 * Reads items from a JSON array, JSON Lines or Parquet, plain or gzipped. Fields: `instruction`, `input`; `answer` (or
 * `output`, as in rows to train on), or `answers`, a list; `pattern`; `kind`. Also `system`, `history`, `turns` and `layout` as in
 * merged rows.
 *
 * @throws {DataError} naming file, line and field
 */
export async function readAnswerItems(path: string, options: ReadOptions = {}): Promise<AnswerItem[]> {
  const items: AnswerItem[] = [];
  for await (const { value, line } of readRows(path, options)) {
    const place = { file: path, line };
    items.push(itemOf(asFields(value, place, "row"), place));
  }
  return items;
}

function itemOf(row: Fields, place: Place): AnswerItem {
  const answers = answersOf(row, place);
  const pattern = optionalText(row, "pattern", place);
  if (answers.length === 0 && pattern === "") {
    throw errorAt(place, `wanted a field "answer", "answers", "output" or "pattern", found ${describeValue(row)}`);
  }
  if (pattern !== "") checkPattern(pattern, place);
  return {
    question: questionOf(row, place),
    answers,
    ...(pattern === "" ? {} : { pattern }),
    kind: optionalText(row, "kind", place),
  };
}

function questionOf(row: Fields, place: Place): Question {
  return {
    instruction: text(row, "instruction", place),
    input: optionalText(row, "input", place),
    ...(has(row, "system") ? { system: text(row, "system", place) } : {}),
    ...(has(row, "history") ? { history: readHistory(row, place) } : {}),
    ...(has(row, "turns") ? { turns: readTurns(row, "turns", place) } : {}),
    ...(row["layout"] === "guanaco" ? { layout: "guanaco" } : {}),
  };
}

function answersOf(row: Fields, place: Place): string[] {
  if (!has(row, "answers")) {
    const field = has(row, "answer") ? "answer" : "output";
    return has(row, field) ? [text(row, field, place)] : [];
  }
  const list = row["answers"];
  if (Array.isArray(list) && list.length > 0 && list.every((each) => typeof each === "string")) return list;
  throw errorAt(place, `field "answers": wanted a list of texts, found ${describeValue(list)}`);
}

function checkPattern(pattern: string, place: Place): void {
  try {
    answerPattern(pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw errorAt(place, `field "pattern": wanted a regular expression of JavaScript, without lookaround: ${why}`);
  }
}

/** Says whether an answer to an item is right. */
export function isRight({ answers, pattern }: AnswerItem, answer: string, rules: MatchRules): boolean {
  const match = pattern === undefined ? undefined : answerPattern(pattern).matcher(answer.trim());
  if (match !== undefined && !match.find()) return false;
  if (answers.length === 0) return match !== undefined;
  const group = match !== undefined && match.groupCount() > 0 ? match.group(1) : null;
  const found = folded(match === undefined ? answer : group ?? match.group(0)!, rules);
  return answers.some((each) => folded(each, rules) === found);
}

function folded(text: string, { ignoreCase, ignorePunctuation }: MatchRules): string {
  const kept = ignorePunctuation ? text.replace(/[\p{P}\p{S}]/gu, "") : text;
  return (ignoreCase ? kept.toLowerCase() : kept).trim();
}
