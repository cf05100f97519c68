import { buildSequence, type Sequence, type TrainOn } from "../../../datasets/templates/build_sequence.ts";
import { DataError, errorAt, type Place } from "../../../datasets/errors.ts";
import type { Example } from "../../../datasets/example.ts";
import type { JobResult, JobType } from "../../../datasets/job_pool.ts";
import type { Piece } from "../../../datasets/files/pieces.ts";
import { parsePlacedExamples } from "../../../datasets/formats/read_examples.ts";
import { templateFor, type TemplateName, type TemplateOptions } from "../../../datasets/templates/templates.ts";
import { loadTokenizer } from "../../../models/tokenizer/tokenizer.ts";

/** What holds for all rows of a tokenisation. */
export interface TokenSetup extends TemplateOptions {
  /** Folder of the tokenizer. */
  readonly tokenizer: string;
  readonly template: TemplateName;
  readonly maxTokens: number;
  readonly trainOn: TrainOn;
  /** Whether rows of more than maxTokens are cut or left out. */
  readonly longRows: "cut" | "drop";
}

/** Some rows of merged data. */
export interface TokenJob {
  readonly piece: Piece;
  /** Path of the file, for messages. */
  readonly file: string;
}

/** Tokenised rows, see `tokenFilePaths` for the three lists. */
export interface TokenBlock {
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly labelled: Uint8Array<ArrayBuffer>;
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** Kept rows that were cut. */
  readonly truncated: number;
  /** Rows left out because no label was left. */
  readonly unlabelled: number;
  /** Rows left out because they were too long. */
  readonly tooLong: number;
}

/** Tokenises rows. */
export const tokenBlocks: JobType<TokenSetup, TokenJob, TokenBlock> = {
  module: import.meta.url,
  name: "tokenBlocks",
  async prepare(setup) {
    const tokenizer = await loadTokenizer(setup.tokenizer);
    const options = { ...setup, tokenizer, template: templateFor(setup.template, tokenizer, setup) };
    return async ({ piece, file }): Promise<JobResult<TokenBlock>> => {
      const kept: Sequence[] = [];
      let unlabelled = 0, tooLong = 0, truncated = 0;
      for (const { example, place } of await parsePlacedExamples(piece, file)) {
        const sequence = atPlace(place, example, () => buildSequence(example, options));
        if (sequence.kind === "dropped") unlabelled++;
        else if (sequence.truncated && setup.longRows === "drop") tooLong++;
        else {
          kept.push(sequence);
          if (sequence.truncated) truncated++;
        }
      }
      const block = { ...joined(kept), truncated, unlabelled, tooLong };
      return { result: block, transfer: [block.ids.buffer, block.labelled.buffer, block.lengths.buffer] };
    };
  },
};

/** Says of which row it is when the template refuses one. */
function atPlace<Result>(place: Place, { source }: Example, build: () => Result): Result {
  try {
    return build();
  } catch (error) {
    throw error instanceof DataError ? errorAt(place, `row of ${source}: ${error.message}`) : error;
  }
}

function joined(rows: readonly Sequence[]) {
  const lengths = Uint32Array.from(rows, ({ ids }) => ids.length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const ids = new Uint32Array(total);
  const labelled = new Uint8Array(total);
  let at = 0;
  for (const row of rows) {
    ids.set(row.ids, at);
    labelled.set(row.labelled, at);
    at += row.ids.length;
  }
  return { ids, labelled, lengths };
}
