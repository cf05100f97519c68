import { parse } from "@std/csv/parse";
import { DataError, describeValue } from "../errors.ts";
import { decodeUtf8 } from "../files/json_row.ts";
import { CEVAL_SUBJECTS, CMMLU_SUBJECTS } from "./subject_names.ts";

/** Forms of files of multiple-choice questions. */
export type ChoiceFormat = "ceval" | "cmmlu";

/** All such forms. */
export const CHOICE_FORMATS: readonly ChoiceFormat[] = ["ceval", "cmmlu"];

/** Parts that the questions of a subject come in. */
export type ChoiceSplit = "dev" | "val" | "test";

/** Letters of the choices. */
export const CHOICES = ["A", "B", "C", "D"] as const;

/** A letter of a choice. */
export type Choice = typeof CHOICES[number];

/** A question with four choices. */
export interface ChoiceItem {
  readonly question: string;
  readonly choices: Readonly<Record<Choice, string>>;
  readonly answer: Choice;
}

interface FormOfFiles {
  /** Columns of question and answer; those of the choices are called A to D. */
  readonly question: string;
  readonly answer: string;
  /** Path of a subject's file. */
  path(subject: string, split: ChoiceSplit): string;
  /** Chinese names of subjects. */
  readonly names: Readonly<Record<string, string>>;
  /** What lm-evaluation-harness writes before the questions of a subject. */
  description(name: string): string;
}

const FORMS: Readonly<Record<ChoiceFormat, FormOfFiles>> = {
  ceval: {
    question: "question",
    answer: "answer",
    path: (subject, split) => `${split}/${subject}_${split}.csv`,
    names: CEVAL_SUBJECTS,
    description: (name) => `以下是中国关于${name}的单项选择题，请选出其中的正确答案。\n\n`,
  },
  cmmlu: {
    question: "Question",
    answer: "Answer",
    path: (subject, split) => `${split}/${subject}.csv`,
    names: CMMLU_SUBJECTS,
    description: (name) => `以下是关于${name}的单项选择题，请直接给出正确答案的选项。\n\n`,
  },
};

/** The subject that a file holds questions of, by its path relative to the folder; undefined for any other file. */
export function subjectOf(format: ChoiceFormat, split: ChoiceSplit, path: string): string | undefined {
  const [before, after] = FORMS[format].path("\n", split).split("\n") as [string, string];
  if (!path.startsWith(before) || !path.endsWith(after)) return undefined;
  const subject = path.slice(before.length, path.length - after.length);
  return subject === "" || subject.includes("/") ? undefined : subject;
}

/** Path of a subject's file relative to the folder. */
export function subjectPath(format: ChoiceFormat, split: ChoiceSplit, subject: string): string {
  return FORMS[format].path(subject, split);
}

/**
 * Reads the questions of a subject. C-Eval: `{split}/{subject}_{split}.csv` with the columns id, question, A to D, answer
 * (and explanation); CMMLU: `{split}/{subject}.csv` with Question, A to D, Answer.
 *
 * @throws {DataError} naming file and record for a missing column or an answer that is none of A to D
 */
export async function readChoiceItems(format: ChoiceFormat, path: string): Promise<ChoiceItem[]> {
  const [header, ...records] = parseCsv(await Deno.readFile(path), path);
  const { question, answer } = FORMS[format];
  const columns = new Map(header?.map((name, at) => [name.trim(), at]));
  const missing = [question, ...CHOICES, answer].filter((name) => !columns.has(name));
  if (missing.length > 0) {
    throw new DataError(`${path}: wanted columns ${missing.join(", ")}, found ${header?.join(", ") ?? "nothing"}`);
  }
  return records.map((record, i) => {
    const cell = (name: string) => record[columns.get(name) ?? -1] ?? "";
    const right = CHOICES.find((choice) => choice === cell(answer).trim());
    if (right === undefined) {
      throw new DataError(
        `${path}: record ${i + 1}, column ${answer}: wanted A, B, C or D, found ${describeValue(cell(answer))}` +
          (cell(answer).trim() === "" ? "; C-Eval publishes no answers of its test split: take val" : ""),
      );
    }
    const choices = Object.fromEntries(CHOICES.map((choice) => [choice, cell(choice)])) as Record<Choice, string>;
    return { question: cell(question).trim(), choices, answer: right };
  });
}

function parseCsv(bytes: Uint8Array, path: string): string[][] {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new DataError(`${path}: wanted UTF-8 text, found bytes that are not valid UTF-8`);
  try {
    // Questions hold quotation marks that are not written twice.
    return parse(text, { lazyQuotes: true });
  } catch (error) {
    throw new DataError(`${path}: wanted CSV: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** A question as it is put, without the answer. */
function asked({ question, choices }: ChoiceItem): string {
  return `${question}\n${CHOICES.map((choice) => `${choice}. ${choices[choice]}\n`).join("")}答案：`;
}

/**
 * The text before the choice, as lm-evaluation-harness has it for both sets: a line on the subject, the examples with their
 * answers, and the question. The choice follows behind a space.
 */
export function choicePrompt(
  format: ChoiceFormat,
  subject: string,
  examples: readonly ChoiceItem[],
  item: ChoiceItem,
): string {
  const { names, description } = FORMS[format];
  const shown = examples.map((example) => `${asked(example)} ${example.answer}\n\n`).join("");
  return `${description(names[subject] ?? subject)}${shown}${asked(item)}`;
}
