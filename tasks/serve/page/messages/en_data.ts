import type { DropReason } from "../../../../datasets/merging/filters.ts";
import type { RowOrder } from "../wire.ts";
import { counted, number } from "./english.ts";

/** What the tab of data says in English. */
export const EN_DATA = {
  nothing: {
    none: "This run neither merges nor tokenises.",
    notYet: "This run has not merged or tokenised anything yet.",
    never: "This run ended before it had merged or tokenised anything.",
  },
  merge: "Merged rows",
  tokens: "Tokenised rows",
  source: "Source",
  format: "Format",
  detected: "detected",
  declared: "declared",
  weight: "Weight",
  rows: "Rows",
  examples: "Examples",
  kept: "Kept",
  keptShare: (share: number) => `${(share * 100).toFixed(1)} % kept`,
  dropped: "Dropped",
  droppedBy: "Dropped, by reason",
  total: "All sources",
  noneDropped: "Nothing was dropped.",
  reasons: {
    "bad row": "unreadable row",
    "empty instruction": "empty instruction",
    "empty output": "empty answer",
    language: "other language",
    length: "too short or too long",
    "reserved answer": "reserved answer",
    duplicate: "duplicate",
    "near duplicate": "near duplicate",
    "not sampled": "not sampled",
  } as Record<DropReason, string>,
  split: "Split",
  splits: { train: "training", validation: "validation" },
  splitSizes: (train: number, validation: number) =>
    `${counted(train, "row")} to train on, ${number(validation)} for validation`,
  repaired: (newlines: number, surrogates: number) =>
    `Repaired: ${number(newlines)} literal \\n, ${number(surrogates)} broken characters`,
  histogram: "Tokens of a row",
  histogramLabel: (rows: number, longest: number, max: number) =>
    `Histogram of token counts: ${counted(rows, "row")}, the longest has ${number(longest)} of at most ${
      number(max)
    } tokens`,
  bar: (from: number, to: number, rows: number) => `${from} to ${to} tokens: ${counted(rows, "row")}`,
  tokensOfRow: "tokens of a row",
  facts: {
    rows: "Rows",
    tokens: "Tokens",
    labelled: "Under the loss",
    longest: "Longest row",
    truncated: "Cut off",
    dropped: "Dropped",
    template: "Prompt type",
    trainOn: "Learnt",
  },
  trainsOn: { answers: "every answer", last: "the last answer", all: "all text" } as Readonly<Record<string, string>>,
  browse: "Rows",
  order: "Order",
  orders: { file: "as in the file", longest: "longest first", shortest: "shortest first" } as Record<
    RowOrder,
    string
  >,
  showing: (from: number, to: number, total: number) => `${number(from)} – ${number(to)} of ${number(total)}`,
  previous: "Previous",
  next: "Next",
  goTo: "Go to row",
  row: (index: number) => `Row ${number(index + 1)}`,
  rowFigures: (length: number, labelled: number) => `${counted(length, "token")}, ${labelled} under the loss`,
  legendLoss: "under the loss: the model learns to say it",
  legendRead: "only read",
  legendControl: "control token",
  noText: "The tokenizer of these rows is not in the cache, so there are ids only.",
  ids: (ids: string) => `ids ${ids}`,
};
