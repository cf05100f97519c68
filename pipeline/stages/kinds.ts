import type { FormatName } from "../../datasets/formats.ts";
import type { DropReason } from "../../datasets/clean_example.ts";
import type { TemplateName } from "../../datasets/templates.ts";
import { type Kind, kind } from "../core/mod.ts";

/** What is known of a source file without opening it. */
export interface RowsMeta {
  /** Format of its rows; "auto" if it is to be told from the first rows. */
  readonly format: FormatName | "auto";
  /** Name in reports and in the `source` field of merged rows. */
  readonly name: string;
}

/** One file of rows: alpaca, BELLE or Guanaco, a JSON array or JSON Lines. */
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
 * Merged rows: train.jsonl and validation.jsonl (one `{instruction, input, output, source}` a line), report.json.
 */
export const dataset: Kind<"dataset", DatasetMeta> = kind<DatasetMeta>()("dataset");

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
}

/** What tokenised rows hold and how they were made. */
export interface TokensMeta {
  /** The rows to train on; never none. */
  readonly train: TokenSplitMeta;
  /** The rows to validate on; may be none. */
  readonly validation: TokenSplitMeta;
  /** Most ids a row may have. */
  readonly maxTokens: number;
  /** Ids are below this. */
  readonly vocabSize: number;
  /** Prompt template. */
  readonly template: TemplateName;
  /** Whether prompts are labelled as well as answers. */
  readonly trainOnInputs: boolean;
}

/**
 * Tokenised rows: `train` and `validation`, each `.ids`, `.labels` and `.lengths` (see datasets/token_files.ts); the
 * text of all validation rows in validation.jsonl; report.json.
 */
export const tokens: Kind<"tokens", TokensMeta> = kind<TokensMeta>()("tokens");
