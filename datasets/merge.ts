import { join } from "@std/path";
import { ByteWriter } from "./byte_writer.ts";
import { cleanExample, emptyReason } from "./clean_example.ts";
import { detectFormat } from "./detect.ts";
import { DataError } from "./errors.ts";
import { fileSize } from "./file_chunks.ts";
import { type FormatName, SCHEMAS } from "./formats.ts";
import { isReservedAnswer } from "./guanaco.ts";
import { type MergeReport, noCounts, type SourceReport, sumCounts } from "./merge_report.ts";
import { readRowBatches, type Row } from "./read_rows.ts";
import { RowSpool } from "./row_spool.ts";
import { permutation } from "./shuffle.ts";

/** A file of rows to merge. */
export interface MergeSource {
  /** Name in the report and in the `source` field of the merged rows. */
  readonly name: string;
  /** Path of the file. */
  readonly path: string;
  /** Declared format; absent if it is to be detected from the first rows. */
  readonly format?: FormatName;
}

/** How far a merge has come. */
export interface MergeProgress {
  /** Reading counts bytes of all sources, writing counts rows. */
  readonly phase: "read" | "write";
  readonly done: number;
  readonly total: number;
}

/** Settings of {@link mergeSources}. */
export interface MergeOptions {
  /** Folder that gets train.jsonl and validation.jsonl. */
  readonly directory: string;
  /** Folder for a temporary file as large as the merged data; `directory` if absent. */
  readonly scratch?: string;
  /** Rows to set aside for validation; 0 for none. */
  readonly validation: number;
  /** Seed of the shuffle, an integer from 0 to 2³² − 1. */
  readonly seed: number;
  readonly onProgress?: (progress: MergeProgress) => void;
  readonly signal?: AbortSignal;
}

/** Rows written between two turns of the event loop. */
const ROWS_PER_TURN = 4096;

/**
 * Merges sources into one shuffled data set: reads every row, repairs its text, drops empty and exactly repeated
 * examples, and writes `train.jsonl` and `validation.jsonl` with one `{instruction, input, output, source}` a line.
 * Of equal examples the first one is kept. The same inputs give the same bytes. Text stays on disk: memory grows by
 * about 40 bytes an example.
 *
 * @throws {DataError} naming file and line of a faulty row; or if validation asks for as many rows as there are.
 */
export async function mergeSources(sources: readonly MergeSource[], options: MergeOptions): Promise<MergeReport> {
  if (sources.length === 0) throw new DataError("merge: wanted at least one source of rows, found none");
  if (!Number.isInteger(options.validation) || options.validation < 0) {
    throw new DataError(`validation: wanted a number of rows, 0 or more, found ${options.validation}`);
  }
  using spool = new RowSpool(join(options.scratch ?? options.directory, "merge_rows.tmp"));
  const reports = await readAll(sources, spool, options);
  const total = sumCounts(reports);
  checkCount(total.kept, options.validation, reports);
  await writeSplits(spool, options);
  const train = total.kept - options.validation;
  return { sources: reports, total, train, validation: options.validation, seed: options.seed };
}

async function readAll(sources: readonly MergeSource[], spool: RowSpool, options: MergeOptions) {
  // Asking for every size first finds a missing file before hours of reading.
  const sizes: number[] = [];
  for (const source of sources) sizes.push(await fileSize(source.path));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const reports: SourceReport[] = [];
  let before = 0;
  for (const [index, source] of sources.entries()) {
    const onBytes = (bytes: number) => options.onProgress?.({ phase: "read", done: before + bytes, total });
    reports.push(await readSource(source, spool, { ...pickSignal(options), onBytes }));
    before += sizes[index]!;
  }
  return reports;
}

async function readSource(
  source: MergeSource,
  spool: RowSpool,
  options: { signal?: AbortSignal; onBytes: (bytes: number) => void },
): Promise<SourceReport> {
  let report: SourceReport | undefined;
  for await (const rows of readRowBatches(source.path, options)) {
    report ??= {
      source: source.name,
      format: source.format ?? detectFormat(source.path, rows),
      detected: source.format === undefined,
      ...noCounts(),
    };
    for (const row of rows) addRow(row, source, spool, report);
  }
  if (report === undefined) throw new DataError(`${source.path}: wanted rows, found an empty array`);
  return report;
}

function addRow(row: Row, source: MergeSource, spool: RowSpool, report: SourceReport): void {
  report.rows++;
  for (const raw of SCHEMAS[report.format].examples(row.value, { file: source.path, line: row.line })) {
    report.examples++;
    const { example, newlines, surrogates } = cleanExample(raw, report.format);
    if (newlines) report.repaired.newlines++;
    if (surrogates) report.repaired.surrogates++;
    const reason = emptyReason(example) ?? (spool.add(example, source.name) ? undefined : "duplicate");
    if (reason !== undefined) {
      report.dropped[reason]++;
      continue;
    }
    report.kept++;
    if (isReservedAnswer(example.output)) report.reservedAnswers++;
  }
}

function checkCount(kept: number, validation: number, reports: readonly SourceReport[]): void {
  if (kept > validation) return;
  const sources = reports.map(({ source, rows, kept }) => `${source} (${rows} read, ${kept} kept)`).join(", ");
  if (kept === 0) throw new DataError(`merge: wanted rows to train on, found none that can be kept in ${sources}`);
  throw new DataError(
    `validation: wanted fewer than the ${kept} rows that there are after merging, so that some are left to train on, ` +
      `found ${validation}. Sources: ${sources}`,
  );
}

async function writeSplits(spool: RowSpool, { directory, validation, seed, onProgress, signal }: MergeOptions) {
  using reader = spool.reader();
  using validationFile = new ByteWriter(join(directory, "validation.jsonl"));
  using trainFile = new ByteWriter(join(directory, "train.jsonl"));
  const order = permutation(seed, spool.length);
  for (let at = 0; at < order.length; at++) {
    (at < validation ? validationFile : trainFile).write(reader.line(order[at]!));
    if ((at + 1) % ROWS_PER_TURN !== 0) continue;
    onProgress?.({ phase: "write", done: at + 1, total: order.length });
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }
  validationFile.finish();
  trainFile.finish();
  onProgress?.({ phase: "write", done: order.length, total: order.length });
}

function pickSignal({ signal }: MergeOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
