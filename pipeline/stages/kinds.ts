import type { Columns } from "../../datasets/formats/columns.ts";
import type { ChoiceFormat } from "../../datasets/evaluation/choice_items.ts";
import type { FormatName } from "../../datasets/formats/formats.ts";
import type { TrainOn } from "../../datasets/templates/build_sequence.ts";
import type { DropReason } from "../../datasets/merging/filters.ts";
import type { TemplateName, TemplateOptions } from "../../datasets/templates/templates.ts";
import type { ExportFormat } from "../../models/export/export_model.ts";
import type { ConfigRecord } from "../../models/formats/config_record.ts";
import { type Kind, kind, type z } from "../core/mod.ts";
import type { answersTask, belleTask, choicesTask } from "./evaluation/task_options.ts";

/** What is known of a source file without opening it. */
export interface RowsMeta {
  /** Format of its rows; "auto" if it is to be told from the first rows. */
  readonly format: FormatName | "auto";
  /** Name in reports and in the `source` field of merged rows. */
  readonly name: string;
  /** How often each of its rows is taken on average; 1 if absent. */
  readonly weight?: number;
  /** Names of columns that differ from those of the fields. */
  readonly columns?: Columns;
}

/** A file of rows, or several, in any of the formats: a JSON array or JSON Lines, plain or gzipped, or Parquet. */
export const rowsFile: Kind<"rows", RowsMeta> = kind<RowsMeta>()("rows");

/** What a merge kept. */
export interface DatasetMeta {
  /** Rows in train.jsonl. */
  readonly train: number;
  /** Rows in validation.jsonl. */
  readonly validation: number;
  /** Rows read from all sources. */
  readonly read: number;
  /** Examples left out, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
}

/**
 * Merged rows: train.jsonl and validation.jsonl (one `Example` of datasets/example.ts a line), report.json.
 */
export const dataset: Kind<"dataset", DatasetMeta> = kind<DatasetMeta>()("dataset");

/** What a plain text holds. */
export interface TextMeta {
  /** Paragraphs in train.txt. */
  readonly train: number;
  /** Paragraphs in validation.txt. */
  readonly validation: number;
}

/**
 * Plain text in paragraphs, with an empty line behind each: train.txt and validation.txt; vocabulary.txt, what a tokenizer made for it should
 * know besides; a word a line, words.txt, what shall be one piece, and spaced.txt, what it joins with the space before it.
 */
export const text: Kind<"text", TextMeta> = kind<TextMeta>()("text");

/** What is known of a tokenizer without loading it. */
export interface TokenizerMeta {
  /** The highest id plus one. */
  readonly vocabSize: number;
}

/** A tokenizer: tokenizer.json or tokenizer.model, and tokenizer_config.json if there is one. */
export const tokenizer: Kind<"tokenizer", TokenizerMeta> = kind<TokenizerMeta>()("tokenizer");

/** What one split of tokenised rows holds. */
export interface TokenSplitMeta {
  /** Rows kept. */
  readonly rows: number;
  /** Ids in these rows, with bos and eos. */
  readonly tokens: number;
  /** Ids that are predicted. */
  readonly labelledTokens: number;
  /** Ids of the longest row. */
  readonly longest: number;
  /** Kept rows whose end, eos with it, was cut off. */
  readonly truncated: number;
  /** Rows left out because no label was left within maxTokens. */
  readonly dropped: number;
  /** Rows left out because they were longer than maxTokens, where that was asked for. */
  readonly tooLong: number;
}

/** What tokenised rows hold and how they were made. */
export interface TokensMeta extends TemplateOptions {
  /** The rows to train on; never none. */
  readonly train: TokenSplitMeta;
  /** The rows to validate on; may be none. */
  readonly validation: TokenSplitMeta;
  /** Most ids a row may have. */
  readonly maxTokens: number;
  /** Ids are below this. */
  readonly vocabSize: number;
  /** Prompt template; "none" for plain text. */
  readonly template: TemplateName | "none";
  /** What is labelled. */
  readonly trainOn: TrainOn;
  /** What became of rows of more than maxTokens. */
  readonly longRows: "cut" | "drop";
}

/**
 * Tokenised rows: `train` and `validation`, each `.ids`, `.labels` and `.lengths` (see datasets/tokens/token_files.ts); the
 * text of all validation rows in validation.jsonl; report.json.
 */
export const tokens: Kind<"tokens", TokensMeta> = kind<TokensMeta>()("tokens");

/** What is known of a model without opening it. */
export interface ModelMeta {
  /** The .gguf file, where the model is one file of the folder. */
  readonly file?: string;
  /** Name in messages and in adapter_config.json. */
  readonly name: string;
  /** The network, where it is known without reading config.json. */
  readonly config?: ConfigRecord;
  /** Optimizer steps behind it, if it was trained here. */
  readonly steps?: number;
}

/** A model folder: config.json, weights, tokenizer; or another form that models/model_source.ts knows. */
export const modelFiles: Kind<"model", ModelMeta> = kind<ModelMeta>()("model");

/** What is known of a quantised base without loading it. */
export interface BaseMeta {
  /** The model's name. */
  readonly name: string;
  /** The network. */
  readonly config: ConfigRecord;
  /** 4, 8, or 32 for weights that were left as they are. */
  readonly bits: 4 | 8 | 32;
  /** Weights, embedding and head included. */
  readonly parameters: number;
  /** Token ids are below this. */
  readonly vocabularySize: number;
  /** The longest sequence that the model was made for. */
  readonly maxPositions: number;
  /** Of the part `tokenizer`. */
  readonly tokenizer: TokenizerMeta;
}

/** A frozen base: base.safetensors (models/base_file.ts), config.json, and its tokenizer as the part `tokenizer`. */
export const base: Kind<"base", BaseMeta, { readonly tokenizer: typeof tokenizer }> = kind<BaseMeta>()("base", {
  tokenizer,
});

/** What is known of an adapter. Of one that was not trained here, nothing. */
export interface AdapterMeta {
  /** Optimizer steps behind its weights. */
  readonly steps?: number;
  /** Trained weights. */
  readonly parameters?: number;
}

/**
 * A LoRA adapter in PEFT's form: adapter_config.json, adapter_model.safetensors; and how training went:
 * trainer_log.jsonl, trainer_state.json, loss_curve.svg, and adapters of earlier steps in checkpoint-<step>/.
 */
export const adapter: Kind<"adapter", AdapterMeta> = kind<AdapterMeta>()("adapter");

/** A task of questions whose answers are told right from wrong by their text. */
export type AnswersTaskMeta = { readonly type: "answers" } & Readonly<z.output<typeof answersTask>>;

/** `rouge_l` and `chrf` compare characters with the most similar of the right answers. */
export type AnswerMetric = AnswersTaskMeta["metrics"][number];

/**
 * A task of multiple-choice questions, scored by the likelihood of the choices. `format` is the form of its files, and with
 * it the protocol: how lm-evaluation-harness puts the questions of this set.
 */
export type ChoicesTaskMeta =
  & { readonly type: "choices"; readonly format: ChoiceFormat }
  & Readonly<z.output<typeof choicesTask>>;

/** BELLE's evaluation: questions to be answered freely, and to be scored by a judge afterwards. */
export type BelleTaskMeta = { readonly type: "belle" } & Readonly<z.output<typeof belleTask>>;

/** How a task is asked and scored. */
export type TaskMeta = AnswersTaskMeta | ChoicesTaskMeta | BelleTaskMeta;

/** Questions to evaluate a model with: a file or folder in the form of its type. */
export const evaluationTask: Kind<"evaluation task", TaskMeta> = kind<TaskMeta>()("evaluation task");

/** The figures of an evaluation. Those of the loss are absent where there were no validation rows to measure it on. */
export interface ReportMeta {
  /** Mean −log p of the labelled validation tokens without the adapter, in nats. */
  readonly evalLossBefore?: number;
  /** The same with the adapter. */
  readonly evalLossAfter?: number;
  /** Figures by task and metric, without and with the adapter. */
  readonly tasks?: Readonly<
    Record<string, Readonly<Record<string, { readonly before: number; readonly after?: number }>>>
  >;
}

/**
 * An evaluation: results.json, report.md, report.html with its plots, results_DATE.json and samples_TASK_DATE.jsonl in
 * lm-evaluation-harness's form, and
 * answers_TASK_base.jsonl and answers_TASK_adapter.jsonl of BELLE's.
 */
export const report: Kind<"report", ReportMeta> = kind<ReportMeta>()("report");

/** Prompts of a judge by class: JSON Lines of `{class, prompt}`, as BELLE's eval_prompt.json. */
export const judgePrompts: Kind<"judge prompts", Record<never, never>> = kind<Record<never, never>>()("judge prompts");

/** What a judge gave, as means of scores from 0 to 1. */
export interface JudgementMeta {
  /** Name of the judge as it was asked for. */
  readonly judge: string;
  /** Mean score of the base's answers. */
  readonly before: number;
  /** Mean score of the adapter's answers. */
  readonly after?: number;
}

/** A judge's scores: judgement_TASK.json, .md and .html, with the plot, and judged_TASK.jsonl with every reply. */
export const judgement: Kind<"judgement", JudgementMeta> = kind<JudgementMeta>()("judgement");

/** What is known of an export. */
export interface ExportedMeta {
  /** The format. */
  readonly to: ExportFormat;
}

/** A model or an adapter in the format of another program: a Hugging Face or PEFT folder, or a GGUF file. */
export const exported: Kind<"exported", ExportedMeta> = kind<ExportedMeta>()("exported");
