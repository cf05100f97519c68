import { mapInOrder } from "../../../datasets/job_pool.ts";
import { readExamplePieces } from "../../../datasets/formats/read_examples.ts";
import type { TokenWriter } from "../../../datasets/tokens/token_writer.ts";
import type { TokenSplitMeta } from "../kinds.ts";
import { tokenBlocks, type TokenJob, type TokenSetup } from "./token_block.ts";

/** Below this it takes longer to start threads than to do the work. */
const BYTES_WORTH_WORKERS = 8 << 20;

/**
 * Tokenises a file of merged rows, on several threads if it is large. Closes the output.
 *
 * @param onRows told how many rows are done.
 */
export async function tokenizeSplit(
  path: string,
  output: TokenWriter,
  setup: TokenSetup,
  threads: number,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<TokenSplitMeta> {
  const counts = { rows: 0, tokens: 0, labelledTokens: 0, longest: 0, truncated: 0, dropped: 0, tooLong: 0 };
  using writer = output;
  async function* jobs() {
    for await (const piece of readExamplePieces(path, signal)) {
      const job: TokenJob = { piece, file: path };
      yield { job, transfer: piece.kind === "lines" ? [piece.bytes.buffer] : [] };
    }
  }
  const workers = (await Deno.stat(path)).size < BYTES_WORTH_WORKERS ? 1 : threads;
  for await (const block of mapInOrder(tokenBlocks, jobs(), { setup, workers })) {
    writer.appendAll(block);
    counts.rows += block.lengths.length;
    counts.tokens += block.ids.length;
    counts.labelledTokens += block.labelled.reduce((sum, label) => sum + label, 0);
    counts.longest = block.lengths.reduce((longest, length) => Math.max(longest, length), counts.longest);
    counts.truncated += block.truncated;
    counts.dropped += block.unlabelled;
    counts.tooLong += block.tooLong;
    onRows(counts.rows + counts.dropped + counts.tooLong);
  }
  writer.finish();
  return counts;
}
