import { join } from "@std/path";
import { ByteWriter } from "../files/byte_writer.ts";
import type { Columns } from "../formats/columns.ts";
import { detectFormat, DETECTION_ROWS } from "../formats/detect.ts";
import { DigestSet } from "./digest_set.ts";
import { DataError } from "../errors.ts";
import { type BlockJob, DIGEST_BYTES, type ExampleBlock, exampleBlocks } from "./example_block.ts";
import { fileSize } from "../files/file_chunks.ts";
import type { Filters } from "./filters.ts";
import type { FormatName } from "../formats/formats.ts";
import { mapInOrder } from "../job_pool.ts";
import { addCounts, type MergeReport, noCounts, type SourceReport, sumCounts } from "./merge_report.ts";
import { NearDuplicates, SIGNATURE, type Signature } from "./near_duplicates.ts";
import type { LiteralNewlines } from "./normalise.ts";
import { type Piece, readPieces } from "../files/pieces.ts";
import { parsePiece } from "../formats/read_rows.ts";
import { RowSpool } from "./row_spool.ts";
import { type RowOrder, sampleRows } from "./sample_rows.ts";

/** A file of rows to merge. */
export interface MergeSource {
  /** Name in the report and in the `source` field of the merged rows. */
  readonly name: string;
  /** Path of the file. */
  readonly path: string;
  /** Declared format; absent if it is to be detected from the first rows. */
  readonly format?: FormatName;
  /** Names of its columns that differ from those of the fields. */
  readonly columns?: Columns;
  /** How often each row is taken on average: 0.5 for every other one, 2 for each twice; 1 if absent. */
  readonly weight?: number;
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
  /** Which examples are wanted; all if absent. */
  readonly filters?: Filters;
  /** Whether a row that cannot be read is an error (the default), or left out and counted. */
  readonly badRows?: "stop" | "skip";
  /** In which sources a literal backslash-n becomes a newline; in BELLE's if absent. */
  readonly literalNewlines?: LiteralNewlines;
  /** Threads to read and parse on; 1 if absent. They do not change the result. */
  readonly workers?: number;
  readonly onProgress?: (progress: MergeProgress) => void;
  readonly signal?: AbortSignal;
}

/** Rows written between two turns of the event loop. */
const ROWS_PER_TURN = 4096;

/** Below this it takes longer to start threads than to do the work. */
const BYTES_WORTH_WORKERS = 8 << 20;

/**
 * Merges sources into one shuffled data set: reads every row, repairs its text, drops empty, unwanted and repeated
 * examples, and writes `train.jsonl` and `validation.jsonl` with one `Example` a line. Of equal examples the first one is
 * kept. The same inputs give the same bytes, however many threads there are. Text stays on disk: memory grows by about 40
 * bytes an example.
 *
 * @throws {DataError} naming file and line of a faulty row; or if validation asks for as many rows as there are.
 */
export async function mergeSources(sources: readonly MergeSource[], options: MergeOptions): Promise<MergeReport> {
  if (sources.length === 0) throw new DataError("merge: wanted at least one source of rows, found none");
  if (!Number.isInteger(options.validation) || options.validation < 0) {
    throw new DataError(`validation: wanted a number of rows, 0 or more, found ${options.validation}`);
  }
  using spool = new RowSpool(join(options.scratch ?? options.directory, "merge_rows.tmp"));
  const { reports, ends } = await readAll(sources, spool, options);
  const weights = sources.map(({ weight = 1 }) => weight);
  const order = sampleRows(ends, weights, options);
  order.left.forEach((count, source) => {
    reports[source]!.kept -= count;
    reports[source]!.dropped["not sampled"] += count;
  });
  const total = sumCounts(reports);
  checkCount(total.kept, options.validation, reports);
  await writeSplits(spool, order, options);
  return {
    sources: reports,
    total,
    train: order.train.length,
    validation: options.validation,
    seed: options.seed,
  };
}

/** Reads all sources into the spool; `ends` says behind which of its rows each source ends. */
async function readAll(sources: readonly MergeSource[], spool: RowSpool, options: MergeOptions) {
  // Asking for every size first finds a missing file before hours of reading.
  const sizes: number[] = [];
  for (const source of sources) sizes.push(await fileSize(source.path));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const reports: SourceReport[] = [];
  /** The report that each block which is not done yet belongs to. */
  const owners: SourceReport[] = [];
  async function* jobs() {
    let before = 0;
    for (const [index, source] of sources.entries()) {
      const onBytes = (bytes: number) => options.onProgress?.({ phase: "read", done: before + bytes, total });
      let report: SourceReport | undefined;
      for await (const piece of readPieces(source.path, { ...pickSignal(options), onBytes })) {
        if (report === undefined) reports.push(report = await newReport(source, piece));
        owners.push(report);
        yield jobOf(piece, source, report);
      }
      if (report === undefined) throw new DataError(`${source.path}: wanted rows, found an empty array`);
      before += sizes[index]!;
    }
  }
  const setup = {
    filters: options.filters ?? {},
    badRows: options.badRows ?? "stop",
    literalNewlines: options.literalNewlines ?? "belle",
  };
  const workers = total < BYTES_WORTH_WORKERS ? 1 : options.workers ?? 1;
  const near = options.filters?.nearDuplicates === "drop" ? new NearDuplicates() : undefined;
  const seen = { equal: new DigestSet(), near };
  const ends: number[] = [];
  for await (const block of mapInOrder(exampleBlocks, jobs(), { setup, workers })) {
    const report = owners.shift()!;
    addBlock(block, report, seen, spool);
    ends[reports.indexOf(report)] = spool.length;
  }
  return { reports, ends };
}

async function newReport(source: MergeSource, piece: Piece): Promise<SourceReport> {
  const format = source.format ?? detectFormat(await firstRows(piece, source.path), source.columns);
  return {
    source: source.name,
    format,
    detected: source.format === undefined,
    weight: source.weight ?? 1,
    ...noCounts(),
  };
}

async function firstRows(piece: Piece, path: string) {
  // A faulty row is for the reading proper to find: it knows what to do about it.
  const rows = await parsePiece(piece, path, () => {});
  if (rows.length === 0) await parsePiece(piece, path); // there is no row to tell the format by: says what is wrong
  return rows.slice(0, DETECTION_ROWS);
}

function jobOf(piece: Piece, { path, name, columns }: MergeSource, { format, detected }: SourceReport) {
  const reading = { format, detected, ...(columns === undefined ? {} : { columns }) };
  const job: BlockJob = { piece, file: path, source: name, reading };
  const transfer = piece.kind === "parquet"
    ? []
    : piece.kind === "lines"
    ? [piece.bytes.buffer]
    : [piece.bytes.buffer, piece.spans.buffer];
  return { job, transfer };
}

/** What has been seen before. */
interface Seen {
  readonly equal: DigestSet;
  /** Absent unless near duplicates are to be dropped. */
  readonly near: NearDuplicates | undefined;
}

function addBlock(block: ExampleBlock, report: SourceReport, seen: Seen, spool: RowSpool): void {
  addCounts(report, block.counts);
  let start = 0;
  for (let at = 0; at < block.ends.length; at++) {
    const end = block.ends[at]!;
    if (!seen.equal.add(part(block.digests, at, DIGEST_BYTES))) {
      report.dropped.duplicate++;
    } else if (seen.near?.add(signatureOf(block, at)) === false) {
      report.dropped["near duplicate"]++;
    } else {
      spool.add(block.bytes.subarray(start, end));
      report.kept++;
      report.reservedAnswers += block.reserved[at]!;
    }
    start = end;
  }
}

function signatureOf({ signatures, bands }: ExampleBlock, at: number): Signature {
  return { bytes: part(signatures, at, SIGNATURE.bytes), bands: part(bands, at, SIGNATURE.bands) };
}

function part<A extends Uint8Array | Uint32Array>(all: A, at: number, size: number): A {
  return all.subarray(at * size, (at + 1) * size) as A;
}

function checkCount(kept: number, validation: number, reports: readonly SourceReport[]): void {
  if (kept > validation) return;
  const sources = reports.map(({ source, rows, kept }) => `${source} (${rows} read, ${kept} kept)`).join(", ");
  if (kept === 0) throw new DataError(`merge: wanted rows to train on, found none that can be kept in ${sources}`);
  throw new DataError(
    `validation: wanted fewer than the ${kept} rows that there are after merging, so that some are left to train on, ` +
      `found ${validation}: lower it (0 holds out none). Sources: ${sources}`,
    { kind: "validation" },
  );
}

async function writeSplits(spool: RowSpool, order: RowOrder, { directory, onProgress, signal }: MergeOptions) {
  using reader = spool.reader();
  const total = order.validation.length + order.train.length;
  let done = 0;
  for (const split of ["validation", "train"] as const) {
    using file = new ByteWriter(join(directory, `${split}.jsonl`));
    for (const row of order[split]) {
      file.write(reader.line(row));
      if (++done % ROWS_PER_TURN !== 0) continue;
      onProgress?.({ phase: "write", done, total });
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
    }
    file.finish();
  }
  onProgress?.({ phase: "write", done: total, total });
}

function pickSignal({ signal }: MergeOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
