import { DROP_REASONS, type DropReason } from "./filters.ts";
import type { FormatName } from "../formats/formats.ts";

/** What was counted while rows were merged. */
export interface MergeCounts {
  /** Rows read from the file. */
  rows: number;
  /** Examples in these rows: more than rows where a row holds several. */
  examples: number;
  /** Different examples that went into the merged data. */
  kept: number;
  /** Examples left out, by reason; for "bad row" rows. */
  dropped: Record<DropReason, number>;
  /** Examples whose text was changed: literal backslash-n to newline, lone surrogates to U+FFFD. */
  repaired: { newlines: number; surrogates: number };
  /** Kept examples whose answer is one of Guanaco's reserved ones. */
  reservedAnswers: number;
}

/** The counts of one source. */
export interface SourceReport extends MergeCounts {
  /** Name of the source. */
  source: string;
  /** Format by which its rows were read. */
  format: FormatName;
  /** Whether the format was told from the rows; false if it was declared. */
  detected: boolean;
  /** How often each of its rows is taken, on average. */
  weight: number;
}

/** What a merge read, kept, dropped and why. The same inputs give the same report. */
export interface MergeReport {
  /** One entry a source, in the order given. */
  sources: SourceReport[];
  /** Sums over the sources. */
  total: MergeCounts;
  /** Rows in train.jsonl. */
  train: number;
  /** Rows in validation.jsonl. */
  validation: number;
  /** Seed of the shuffle. */
  seed: number;
}

/** Counts at zero. */
export function noCounts(): MergeCounts {
  return {
    rows: 0,
    examples: 0,
    kept: 0,
    dropped: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>,
    repaired: { newlines: 0, surrogates: 0 },
    reservedAnswers: 0,
  };
}

/** Adds counts to others. */
export function addCounts(sum: MergeCounts, part: MergeCounts): void {
  sum.rows += part.rows;
  sum.examples += part.examples;
  sum.kept += part.kept;
  for (const reason of DROP_REASONS) sum.dropped[reason] += part.dropped[reason];
  sum.repaired.newlines += part.repaired.newlines;
  sum.repaired.surrogates += part.repaired.surrogates;
  sum.reservedAnswers += part.reservedAnswers;
}

/** Sums of the counts. */
export function sumCounts(parts: readonly MergeCounts[]): MergeCounts {
  const sum = noCounts();
  for (const part of parts) addCounts(sum, part);
  return sum;
}
