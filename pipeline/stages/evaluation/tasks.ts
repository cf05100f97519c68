import { basename } from "@std/path";
import { type ChoiceFormat, type ChoiceSplit, subjectOf } from "../../../datasets/evaluation/choice_items.ts";
import { inputFile, inputFolder, PipelineError, type Ref, z } from "../../core/mod.ts";
import { evaluationTask } from "../kinds.ts";
import { answersTask, belleTask, choicesTask } from "./task_options.ts";

/** Questions to evaluate a model with. */
export type TaskRef = Ref<typeof evaluationTask>;

/** How the answers of a task are asked for and compared. */
export type AnswerTaskOptions = Partial<z.input<typeof answersTask>>;

/**
 * Questions whose answers are told right from wrong by their text: a JSON array, JSON Lines or Parquet, plain or gzipped,
 * of `{instruction, input, answer, kind}`. Instead of `answer` (or `output`) also `answers`, any of which is right, or
 * `pattern`, a regular expression; see datasets/evaluation/answer_items.ts. The name is that of the file if left out.
 *
 * @throws {PipelineError} for a name or number that does not fit
 */
export function answerTask(path: string | URL, options: AnswerTaskOptions = {}): TaskRef {
  const given = { ...options, name: options.name ?? nameFrom(path) };
  return inputFile(evaluationTask, path, { type: "answers", ...checked(answersTask, given, `answerTask ${path}`) });
}

/** How BELLE's questions are put. */
export type BelleTaskOptions = z.input<typeof belleTask>;

/**
 * BELLE's evaluation set, eval_set.json: JSON Lines of `{question, std_answer, class}`. The answers are measured by ROUGE-L
 * and chrF where there is a standard answer, and written in BELLE's form for a judge, see `judge`.
 */
export function belleEvaluation(path: string | URL, options: BelleTaskOptions = {}): TaskRef {
  return inputFile(evaluationTask, path, { type: "belle", ...checked(belleTask, options, `belleEvaluation ${path}`) });
}

/** How a set of multiple-choice questions is put. */
export type ChoiceTaskOptions = Partial<z.input<typeof choicesTask>>;

/**
 * C-Eval: a folder with `dev` and `val`, of `{subject}_{split}.csv` with the columns id, question, A, B, C, D, answer.
 * Put as lm-evaluation-harness does (`ceval-valid`), by the log-likelihood of the letters; 5 examples and the split `val` by
 * default.
 */
export function ceval(folder: string, options: ChoiceTaskOptions = {}): TaskRef {
  return choiceTask("ceval", "val", folder, options);
}

/**
 * CMMLU: a folder with `dev` and `test`, of `{subject}.csv` with the columns Question, A, B, C, D, Answer. Put as
 * lm-evaluation-harness does (`cmmlu`), by the log-likelihood of the letters; 5 examples and the split `test` by default.
 */
export function cmmlu(folder: string, options: ChoiceTaskOptions = {}): TaskRef {
  return choiceTask("cmmlu", "test", folder, options);
}

/** All types of tasks as a command line names them. */
export const TASK_TYPES = ["answers", "ceval", "cmmlu", "belle"] as const;

/** What {@link taskNamed} hands on to the tasks that know it. */
export type NamedTaskOptions =
  & Pick<z.input<typeof belleTask>, "maxNewTokens">
  & Pick<z.input<typeof choicesTask>, "shots" | "subjects">;

/**
 * A task as a command line names it, `TYPE:PATH`: `answers:items.jsonl`, `ceval:folder`, `cmmlu:folder` or
 * `belle:eval_set.json`.
 *
 * @throws {PipelineError} for an unknown type or an empty path, with what is known
 */
export function taskNamed(spec: string, options: NamedTaskOptions = {}): TaskRef {
  const [, type, path] = /^([^:]*):(.+)$/s.exec(spec) ?? [];
  const answering = options.maxNewTokens === undefined ? {} : { maxNewTokens: options.maxNewTokens };
  const choosing = { shots: options.shots, subjects: options.subjects };
  if (path !== undefined) {
    if (type === "answers") return answerTask(path, answering);
    if (type === "belle") return belleEvaluation(path, answering);
    if (type === "ceval") return ceval(path, choosing);
    if (type === "cmmlu") return cmmlu(path, choosing);
  }
  const known = TASK_TYPES.map((name) => `${name}:PATH`).join(", ");
  throw new PipelineError(`task "${spec}": wanted ${known}`);
}

function choiceTask(
  format: ChoiceFormat,
  split: "val" | "test",
  folder: string,
  options: ChoiceTaskOptions,
): TaskRef {
  const { shape } = choicesTask;
  const schema = choicesTask.extend({ name: shape.name.default(format), split: shape.split.default(split) });
  const { subjects, ...rest } = checked(schema, options, `${format} ${folder}`);
  const read: ChoiceSplit[] = rest.shots > 0 ? ["dev", rest.split] : [rest.split];
  return inputFolder(evaluationTask, folder, {
    include: (path) =>
      read.some((part) => {
        const subject = subjectOf(format, part, path);
        return subject !== undefined && (subjects?.includes(subject) ?? true);
      }),
    meta: { type: "choices", format, ...rest, ...(subjects ? { subjects } : {}) },
  });
}

/** Options of a task, defaults filled in. */
function checked<T extends z.ZodObject>(schema: T, given: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new PipelineError(`${what}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** The name of a file or folder without its extensions, in characters that a task's name may have. */
function nameFrom(path: string | URL): string {
  const name = basename(path instanceof URL ? decodeURIComponent(path.pathname) : path);
  return name.replace(/(\.(jsonl?|parquet|gz|csv))+$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "_");
}
