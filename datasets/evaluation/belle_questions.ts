import { readRows } from "../formats/read_rows.ts";
import { asFields, optionalText, text } from "../formats/row_fields.ts";

/** A question of BELLE's evaluation set. */
export interface BelleQuestion {
  readonly question: string;
  /** A good answer; "" where there is none, as for many open questions. */
  readonly stdAnswer: string;
  /** What kind of question it is, as it is written; see {@link foldClass}. */
  readonly class: string;
}

/** A row of BELLE's answer files: a question of the set with a model's answer. */
export interface BelleAnswer {
  readonly question: string;
  readonly std_answer: string;
  readonly class: string;
  readonly answer: string;
}

/**
 * Reads `{question, std_answer, class}` from JSON Lines, whatever the file's suffix, or a JSON array.
 *
 * @throws {DataError} naming file, line and field
 */
export async function readBelleQuestions(path: string): Promise<BelleQuestion[]> {
  const questions: BelleQuestion[] = [];
  for await (const { value, line } of readRows(path)) {
    const place = { file: path, line };
    const row = asFields(value, place, "row");
    questions.push({
      question: text(row, "question", place),
      stdAnswer: optionalText(row, "std_answer", place),
      class: text(row, "class", place),
    });
  }
  return questions;
}

/** Reads a file of answers, as {@link BelleAnswer}. */
export async function readBelleAnswers(path: string): Promise<BelleAnswer[]> {
  const answers: BelleAnswer[] = [];
  for await (const { value, line } of readRows(path)) {
    const place = { file: path, line };
    const row = asFields(value, place, "row");
    answers.push({
      question: text(row, "question", place),
      std_answer: optionalText(row, "std_answer", place),
      class: text(row, "class", place),
      answer: text(row, "answer", place),
    });
  }
  return answers;
}

/** The name of a class without its accidents: BELLE's files write `closed qa` and `closed QA`, some with U+00A0. */
export function foldClass(name: string): string {
  return name.replace(/\s+/gu, " ").trim().toLowerCase();
}
