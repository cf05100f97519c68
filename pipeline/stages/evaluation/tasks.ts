import { basename } from "@std/path";
import { type ChoiceFormat, type ChoiceSplit, subjectOf } from "../../../datasets/evaluation/choice_items.ts";
import { inputFile, inputFolder, PipelineError, type Ref, z } from "../../core/mod.ts";
import { type AnswersTaskMeta, type BelleTaskMeta, type ChoicesTaskMeta, evaluationTask } from "../kinds.ts";

/** Questions to evaluate a model with. */
export type TaskRef = Ref<typeof evaluationTask>;

/** How the answers of a task are asked for and compared. */
export type AnswerTaskOptions = { readonly [N in keyof Omit<AnswersTaskMeta, "type">]?: AnswersTaskMeta[N] };

/** Schemas of those options, but for the name. */
export const answerOptions = {
  maxNewTokens: z.number().int().min(1).default(64).describe("most tokens of an answer"),
  ignoreCase: z.boolean().default(false).describe("treat upper and lower case as the same"),
  ignorePunctuation: z.boolean().default(false).describe("leave punctuation and symbols out"),
  metrics: z.array(z.enum(["exact_match", "rouge_l", "chrf"])).min(1).default(["exact_match"]).describe(
    "what answers are measured by",
  ),
};

/** Schema of a task's name, which stands in the names of files. */
export const taskName = z.string().regex(
  /^[\p{L}\p{N}_-]{1,64}$/u,
  "wanted 1 to 64 letters, digits, - or _",
);

/**
 * Questions whose answers are told right from wrong by their text: a JSON array, JSON Lines or Parquet, plain or gzipped,
 * of `{instruction, input, answer, kind}`. Instead of `answer` (or `output`) also `answers`, any of which is right, or
 * `pattern`, a regular expression; see datasets/evaluation/answer_items.ts. The name is that of the file if left out.
 *
 * @throws {PipelineError} for a name or number that does not fit
 */
export function answerTask(path: string | URL, options: AnswerTaskOptions = {}): TaskRef {
  const given = { ...options, name: options.name ?? nameFrom(path) };
  const schema = z.strictObject({ name: taskName, ...answerOptions });
  return inputFile(evaluationTask, path, { type: "answers", ...checked(schema, given, `answerTask ${path}`) });
}

/** How BELLE's questions are put. */
export type BelleTaskOptions = { readonly [N in keyof Omit<BelleTaskMeta, "type">]?: BelleTaskMeta[N] };

/**
 * BELLE's evaluation set, eval_set.json: JSON Lines of `{question, std_answer, class}`. The answers are measured by ROUGE-L
 * and chrF where there is a standard answer, and written in BELLE's form for a judge, see `judge`.
 */
export function belleEvaluation(path: string | URL, options: BelleTaskOptions = {}): TaskRef {
  const schema = z.strictObject({
    name: taskName.default("belle"),
    maxNewTokens: z.number().int().min(1).default(256),
  });
  return inputFile(evaluationTask, path, { type: "belle", ...checked(schema, options, `belleEvaluation ${path}`) });
}

/** How a set of multiple-choice questions is put. */
export type ChoiceTaskOptions = {
  readonly [N in keyof Omit<ChoicesTaskMeta, "type" | "format">]?: ChoicesTaskMeta[N] | undefined;
};

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
export interface NamedTaskOptions {
  /** Most tokens of an answer. */
  readonly maxNewTokens?: number | undefined;
  /** Examples before a multiple-choice question. */
  readonly shots?: number | undefined;
  /** Subjects of multiple-choice questions. */
  readonly subjects?: readonly string[] | undefined;
}

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
  const schema = z.strictObject({
    name: taskName.default(format),
    split: z.enum(["val", "test"]).default(split),
    shots: z.number().int().min(0).default(5),
    subjects: z.array(z.string()).min(1).optional(),
    bos: z.boolean().default(true),
  });
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
