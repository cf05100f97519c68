// What merging and tokenising gave: reports, lengths, and rows a page at a time.
import { join } from "@std/path";
import type { MergeReport } from "../../../datasets/merging/merge_report.ts";
import { TokenReader } from "../../../datasets/tokens/token_reader.ts";
import type { TokenRow } from "../../../datasets/tokens/token_files.ts";
import { loadTokenizer, type Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { folderWithDigest, publishedResult, type RunRecord } from "../../../pipeline/core/upkeep.ts";
import type { TokensMeta } from "../../../pipeline/stages/kinds.ts";
import { ApiError } from "../api_error.ts";
import type { MergeView, RowOrder, RowsView, TokenPiece, TokenRowView, TokensView } from "../page/wire.ts";
import { findStage, type FoundStage } from "./runs.ts";

/** Bars of a histogram, about. */
const BARS = 32;

/** Which rows to show. */
export interface RowRange {
  readonly split: "train" | "validation";
  readonly order: RowOrder;
  readonly from: number;
  readonly count: number;
}

/** What a merge of a run kept and dropped. */
export async function viewOfMerge(cacheDir: string, run: RunRecord, stage: string | undefined): Promise<MergeView> {
  const found = findStage(run, "merges", stage);
  const { dir } = await resultOf(cacheDir, found);
  const report = JSON.parse(await Deno.readTextFile(join(dir, "report.json"))) as MergeReport;
  return { stage: found.stage, report };
}

/** What a split of tokenised rows of a run holds. */
export async function viewOfTokens(
  cacheDir: string,
  run: RunRecord,
  stage: string | undefined,
  split: TokensView["split"],
): Promise<TokensView> {
  const found = findStage(run, "tokenised", stage);
  const { dir, manifest } = await resultOf(cacheDir, found);
  const meta = manifest.meta as unknown as TokensMeta;
  const { maxTokens, template, trainOn } = meta;
  using reader = new TokenReader(dir, split, meta.vocabSize);
  const histogram = histogramOf(reader.lengths, maxTokens);
  return { stage: found.stage, split, ...meta[split], maxTokens, template, trainOn, histogram };
}

/** A page of tokenised rows of a run, read by themselves. */
export async function viewOfRows(
  cacheDir: string,
  run: RunRecord,
  stage: string | undefined,
  { split, order, from, count }: RowRange,
): Promise<RowsView> {
  const found = findStage(run, "tokenised", stage);
  const { dir, manifest } = await resultOf(cacheDir, found);
  using reader = new TokenReader(dir, split, (manifest.meta as unknown as TokensMeta).vocabSize);
  const indices = rowsInOrder(reader.lengths, order).subarray(from, from + count);
  const folder = await tokenizerFolder(cacheDir, run, manifest.record.inputs["tokenizer"]);
  using tokenizer = folder === undefined ? undefined : await loadTokenizer(folder);
  const rows = Array.from(indices, (index) => viewOfRow(index, reader.row(index), tokenizer));
  return { from, total: reader.rows, hasText: tokenizer !== undefined, rows };
}

async function resultOf(cacheDir: string, { name, key, stage }: FoundStage) {
  const entry = await publishedResult(cacheDir, name, key);
  if (entry === undefined) {
    throw new ApiError(404, `the result of ${stage} is no longer in the cache`, { code: "gone" });
  }
  return entry;
}

/** The tokenizer with which rows were made, if the run has it from one of its stages. */
async function tokenizerFolder(cacheDir: string, run: RunRecord, digest: unknown): Promise<string | undefined> {
  if (typeof digest !== "string") return undefined;
  for (const { name, key } of run.stages) {
    const entry = await publishedResult(cacheDir, name, key);
    const folder = entry && folderWithDigest(entry, digest);
    if (folder !== undefined) return folder;
  }
  return undefined;
}

function histogramOf(lengths: Uint32Array, maxTokens: number): TokensView["histogram"] {
  const width = Math.max(1, Math.ceil(maxTokens / BARS));
  const counts = new Array<number>(Math.ceil(maxTokens / width)).fill(0);
  for (const length of lengths) {
    const bar = Math.min(counts.length - 1, Math.floor((length - 1) / width));
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return { width, counts };
}

function rowsInOrder(lengths: Uint32Array, order: RowOrder): Uint32Array {
  const rows = Uint32Array.from(lengths.keys());
  const sign = order === "longest" ? -1 : 1;
  const lengthOf = (row: number) => lengths[row] ?? 0;
  return order === "file" ? rows : rows.sort((a, b) => sign * (lengthOf(a) - lengthOf(b)) || a - b);
}

function viewOfRow(index: number, { ids, labelled }: TokenRow, tokenizer: Tokenizer | undefined): TokenRowView {
  const sum = labelled.reduce((total, each) => total + each, 0);
  return { index, length: ids.length, labelled: sum, pieces: piecesOf(ids, labelled, tokenizer) };
}

/** Tokens as pieces of text. A character that several tokens spell is one piece, unless only some are under the loss. */
function piecesOf(ids: Uint32Array, labelled: Uint8Array, tokenizer: Tokenizer | undefined): TokenPiece[] {
  const pieces: TokenPiece[] = [];
  const names = new Map([...tokenizer?.controls ?? []].map(([name, id]) => [id, name]));
  let stream = tokenizer?.stream(false);
  let held: number[] = [];
  const give = (text: string, isLabelled: boolean) => {
    if (held.length > 0) pieces.push({ text, ids: held, labelled: isLabelled });
    held = [];
  };
  ids.forEach((id, i) => {
    const isLabelled = labelled[i] === 1;
    const before = pieces.length > 0 || held.length > 0;
    if (held.length > 0 && (labelled[i - 1] === 1) !== isLabelled) {
      give(stream?.end() ?? "", !isLabelled);
      stream = tokenizer?.stream(before);
    }
    const control = names.get(id);
    if (control !== undefined) {
      give(stream?.end() ?? "", isLabelled);
      stream = tokenizer?.stream(false);
      pieces.push({ text: "", ids: [id], labelled: isLabelled, control });
      return;
    }
    held.push(id);
    const text = stream?.push(id) ?? "";
    if (text !== "" || stream === undefined) give(text, isLabelled);
  });
  give(stream?.end() ?? "", labelled.at(-1) === 1);
  return pieces;
}
