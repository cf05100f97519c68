// Choosing the next tokens on the device, so that many steps follow each other without reading anything back.
import { expectShape } from "../gpu/check.ts";
import type { Device } from "../gpu/device.ts";
import { compileRows } from "../gpu/row_kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import { createTensor, destroyTensors, type Tensor } from "../gpu/tensor.ts";
import valuesSource from "./sample_values.wgsl" with { type: "text" };
import scanSource from "./sample_scan.wgsl" with { type: "text" };
import pickSource from "./sample_pick.wgsl" with { type: "text" };

/** How the tokens of a row are chosen. */
export interface SampleSettings {
  /** Logits of ids that the text has are divided (positive ones) or multiplied by it; 1 for no change. */
  readonly penalty: number;
  /** 0 takes the most likely id; else logits are divided by it before the cuts. */
  readonly temperature: number;
  /** The smallest set of most likely ids whose probabilities sum to this; 1 for all. */
  readonly topP: number;
  /** Ids at least this share as likely as the most likely one; 0 for all. */
  readonly minP: number;
  /** So many most likely ids, at most {@linkcode mostCandidates}; 0 for all. */
  readonly topK: number;
  /** Steps in which the ids that end an answer are not chosen. */
  readonly maskedSteps: number;
  /** Give the log-probabilities of so many most likely ids, at most {@linkcode mostTops}. */
  readonly tops: number;
}

/** Most ids that a choice is made among; where it would need more, the result says so. */
export const mostCandidates = 128;
/** Most ids whose log-probabilities are given beside the chosen one's. */
export const mostTops = 20;

/** Words of a row's result: id, whether undecided, its log-probability, unused, pairs of an id and its log-probability. */
export const resultWords = 4 + 2 * mostTops;
/** Vectors of a chunk, see the shader. */
const chunkVectors = 64;

/** The chosen token of a row. */
export interface SampleResult {
  readonly id: number;
  /** The choice needed more candidates than {@linkcode mostCandidates}: make it another way. */
  readonly undecided: boolean;
  /** Natural logarithm of the id's probability, of the logits as they are. */
  readonly logprob: number;
  /** The most likely ids, likeliest first; as many as asked for. */
  readonly tops: readonly { readonly id: number; readonly logprob: number }[];
}

/** The memory of sampling: what goes in, and the results. B rows at most, and so many steps. */
export class SampleSpace {
  /** Bits of the ids that each row's text has, (B, words). */
  readonly seen: Tensor;
  /** Bits of the ids that end an answer, (words). */
  readonly stops: Tensor;
  /** (B, 8): the members of Settings in the shader. */
  readonly settings: Tensor;
  /** Uniform numbers in 0 … 1 for each step and row, (steps · B). */
  readonly draws: Tensor;
  /** (steps · B · {@linkcode resultWords}). */
  readonly results: Tensor;
  readonly chunks: Tensor;
  /** Words of a row of bits. */
  readonly words: number;

  constructor(readonly device: Device, readonly vocabularySize: number, readonly rows: number, readonly steps: number) {
    this.words = Math.ceil(vocabularySize / 32);
    this.seen = createTensor(device, "seen ids", [rows, this.words], "u32");
    this.stops = createTensor(device, "stop ids", [this.words], "u32");
    this.settings = createTensor(device, "sampling settings", [rows, 8], "u32");
    this.draws = createTensor(device, "draws", [steps * rows]);
    this.results = createTensor(device, "sampled", [steps * rows * resultWords], "u32");
    this.chunks = createTensor(device, "chunks of logits", [rows, chunksOf(vocabularySize), 4]);
  }

  /** Frees the memory. */
  close(): void {
    const { seen, stops, settings, draws, results, chunks } = this;
    destroyTensors(this.device, [seen, stops, settings, draws, results, chunks]);
  }
}

/** Bytes of a {@linkcode SampleSpace} for each row, so many steps at once. */
export function sampleRowBytes(vocabularySize: number, steps: number): number {
  return 4 * (Math.ceil(vocabularySize / 32) + 8 + steps * (1 + resultWords) + 4 * chunksOf(vocabularySize));
}

function chunksOf(vocabularySize: number): number {
  return Math.ceil(vocabularySize / 4 / chunkVectors);
}

/** Bits of the given ids in so many words. */
export function idBits(ids: Iterable<number>, words: number): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(words);
  for (const id of ids) bits[id >> 5] = bits[id >> 5]! | 1 << (id & 31);
  return bits;
}

/** The rows of `settings` for these. */
export function settingWords(settings: readonly SampleSettings[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(settings.length * 8);
  const floats = new Float32Array(words.buffer);
  settings.forEach(({ penalty, temperature, topP, minP, topK, maskedSteps, tops }, row) => {
    floats.set([penalty, temperature, topP, minP], row * 8);
    words.set([topK, maskedSteps, tops], row * 8 + 4);
  });
  return words;
}

/**
 * Chooses an id for each row of logits (B, V padded to 4) among those below `size`: writes it to ids (B), marks it as seen
 * and leaves a result for this step. Equal logits are taken by rising id.
 */
export function sampleRows(
  stream: Stream,
  logits: Tensor,
  ids: Tensor,
  space: SampleSpace,
  { size, step }: { readonly size: number; readonly step: number },
): void {
  const [rows, width] = logits.shape as [number, number];
  expectShape("sample", ids, [rows]);
  if (rows > space.rows || step >= space.steps || size > space.vocabularySize) {
    throw new RangeError(
      `sample: ${rows} rows, step ${step}, ${size} ids wanted; found ${space.rows}, ${space.steps}, ${space.vocabularySize}`,
    );
  }
  const { seen, stops, settings, draws, results, chunks } = space;
  const count = chunksOf(space.vocabularySize);
  const constants = { CHUNK4: chunkVectors };
  const uniforms = { width4: width / 4, words: space.words, size, step, rows };
  const scan = compileRows(stream.device, { name: "sample_scan", source: [valuesSource, scanSource] }, constants);
  stream.run(scan, { logits, seen, stops, settings, chunks }, uniforms, [count, rows]);
  const pick = compileRows(stream.device, { name: "sample_pick", source: [valuesSource, pickSource] }, {
    ...constants,
    CHUNKS: count,
    LIMIT: mostCandidates,
    TOPS: mostTops,
    RECORD: resultWords,
  });
  stream.run(pick, { logits, seen, stops, settings, chunks, draws, ids, results }, uniforms, [rows]);
}

/** The result of a row in a step from the words that were read back of `rows` rows a step. */
export function readResult(words: Uint32Array, rows: number, step: number, row: number, tops: number): SampleResult {
  const at = (step * rows + row) * resultWords;
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const pairs = Array.from({ length: tops }, (_, i) => at + 4 + 2 * i);
  return {
    id: words[at]!,
    undecided: words[at + 1] === 1,
    logprob: floats[at + 2]!,
    tops: pairs.map((pair) => ({ id: words[pair]!, logprob: floats[pair + 1]! })),
  };
}
