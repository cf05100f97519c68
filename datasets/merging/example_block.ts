import { createHash } from "node:crypto";
import { cleanExample } from "./clean_example.ts";
import type { RawExample } from "../example.ts";
import { allText, dropReason, type Filters } from "./filters.ts";
import { isReservedAnswer } from "../formats/guanaco.ts";
import type { JobResult, JobType } from "../job_pool.ts";
import { type MergeCounts, noCounts } from "./merge_report.ts";
import { type Signature, signText } from "./near_duplicates.ts";
import type { LiteralNewlines } from "./normalise.ts";
import type { Piece } from "../files/pieces.ts";
import { readRow, type RowReading } from "../formats/read_row.ts";
import { parsePiece } from "../formats/read_rows.ts";

/** Bytes of a digest that are kept. */
export const DIGEST_BYTES = 16;

/** A piece of a source, to be made into examples. */
export interface BlockJob {
  readonly piece: Piece;
  /** Path of the file, for messages. */
  readonly file: string;
  /** Name of the source, for the rows. */
  readonly source: string;
  readonly reading: RowReading;
}

/** What holds for all pieces. */
export interface BlockSetup {
  readonly filters: Filters;
  /** Whether a row that cannot be read is an error, or left out and counted. */
  readonly badRows: "stop" | "skip";
  /** In which sources a literal backslash-n becomes a newline. */
  readonly literalNewlines: LiteralNewlines;
}

/** Examples of a piece, ready to be written. */
export interface ExampleBlock {
  /** A line of JSON each, with its end. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each line ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** A digest of each example's text, {@link DIGEST_BYTES} each. */
  readonly digests: Uint8Array<ArrayBuffer>;
  /** 1 for each example with one of Guanaco's reserved answers. */
  readonly reserved: Uint8Array<ArrayBuffer>;
  /** Signatures for finding near duplicates, one behind the other; empty unless those are to be dropped. */
  readonly signatures: Uint8Array<ArrayBuffer>;
  /** Their bands. */
  readonly bands: Uint32Array<ArrayBuffer>;
  /** What was counted so far; nothing is `kept` yet. */
  readonly counts: MergeCounts;
}

/** Parses a piece, repairs and filters its examples and writes them as lines: all that needs no knowledge of others. */
export const exampleBlocks: JobType<BlockSetup, BlockJob, ExampleBlock> = {
  module: import.meta.url,
  name: "exampleBlocks",
  prepare: (setup) => (job) => makeBlock(job, setup),
};

async function makeBlock(
  job: BlockJob,
  { filters, badRows, literalNewlines }: BlockSetup,
): Promise<JobResult<ExampleBlock>> {
  const counts = noCounts();
  const onFault = badRows === "stop" ? undefined : (error: unknown) => {
    if ((error as { userFacing?: unknown } | null)?.userFacing !== true) throw error;
    counts.rows++;
    counts.dropped["bad row"]++;
  };
  const lines = new LineBuffer(job.source, filters.nearDuplicates === "drop");
  for (const { value, line } of await parsePiece(job.piece, job.file, onFault)) {
    let raws: RawExample[];
    try {
      raws = readRow(value, job.reading, { file: job.file, line });
    } catch (error) {
      if (onFault === undefined) throw error;
      onFault(error);
      continue;
    }
    counts.rows++;
    for (const raw of raws) {
      counts.examples++;
      const { example, newlines, surrogates } = cleanExample(raw, job.reading.format, literalNewlines);
      if (newlines) counts.repaired.newlines++;
      if (surrogates) counts.repaired.surrogates++;
      const reason = dropReason(example, filters);
      if (reason === undefined) lines.add(example);
      else counts.dropped[reason]++;
    }
  }
  const block = { ...lines.finish(), counts };
  const { bytes, ends, digests, reserved, signatures, bands } = block;
  return { result: block, transfer: [bytes, ends, digests, reserved, signatures, bands].map(({ buffer }) => buffer) };
}

/** Collects lines of JSON in one buffer. */
class LineBuffer {
  readonly #encoder = new TextEncoder();
  readonly #tail: string;
  readonly #tailBytes: number;
  #bytes = new Uint8Array(1 << 20);
  #used = 0;
  readonly #ends: number[] = [];
  readonly #digests: Uint8Array[] = [];
  readonly #reserved: number[] = [];
  readonly #signatures: Signature[] = [];
  readonly #signs: boolean;

  constructor(source: string, signs: boolean) {
    this.#signs = signs;
    this.#tail = `,"source":${JSON.stringify(source)}}\n`;
    this.#tailBytes = this.#encoder.encode(this.#tail).length;
  }

  add(example: RawExample): void {
    const body = JSON.stringify(example);
    const line = body.slice(0, -1) + this.#tail;
    // A UTF-16 unit takes 3 bytes at the most.
    if (this.#used + line.length * 3 > this.#bytes.length) this.#grow(line.length * 3);
    const start = this.#used;
    this.#used += this.#encoder.encodeInto(line, this.#bytes.subarray(start)).written;
    this.#ends.push(this.#used);
    const end = this.#used - this.#tailBytes;
    this.#digests.push(createHash("sha256").update(this.#bytes.subarray(start, end)).digest());
    this.#reserved.push(isReservedAnswer(example.output) ? 1 : 0);
    if (this.#signs) this.#signatures.push(signText(allText(example)));
  }

  finish() {
    const digests = new Uint8Array(this.#digests.length * DIGEST_BYTES);
    this.#digests.forEach((digest, at) => digests.set(digest.subarray(0, DIGEST_BYTES), at * DIGEST_BYTES));
    return {
      bytes: this.#bytes.slice(0, this.#used),
      ends: Uint32Array.from(this.#ends),
      digests,
      reserved: Uint8Array.from(this.#reserved),
      signatures: Uint8Array.from(this.#signatures.flatMap(({ bytes }) => [...bytes])),
      bands: Uint32Array.from(this.#signatures.flatMap(({ bands }) => [...bands])),
    };
  }

  #grow(room: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + room));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}
