// How the next token is chosen from logits, with the semantics of transformers' generate(). What kernels/decode/sample.ts does on
// the device is the same to rounding.
import type { GenerationParams } from "./request.ts";

/** Makes ids that occur so far less likely, and those that would end the answer too early impossible. */
export interface Penalties {
  /** All ids so far, of prompt and answer. */
  readonly history: ReadonlySet<number>;
  /** Tokens of the answer so far. */
  readonly made: number;
  readonly stopIds: readonly number[];
}

/** How scores are cut and drawn from. */
export type SamplingParams = Pick<GenerationParams, "temperature" | "topP" | "topK" | "minP">;

/** The index of the largest value; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** log softmax of logits (V) in float64: natural logarithms of the probabilities. */
export function logSoftmax(logits: Float32Array): Float64Array<ArrayBuffer> {
  const total = logSumExp(logits);
  const result = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) result[i] = logits[i]! - total;
  return result;
}

/** log Σ exp(logits). */
function logSumExp(logits: ArrayLike<number>): number {
  const most = logits[argmax(logits)]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - most);
  return most + Math.log(sum);
}

/**
 * Changes scores (V) in place: a score of an id in the history is divided by the penalty, or multiplied where it is
 * negative; ids that stop have −∞ until the answer has `minNewTokens`.
 */
export function penalise(
  scores: Float32Array | Float64Array,
  { repetitionPenalty, minNewTokens }: Pick<GenerationParams, "repetitionPenalty" | "minNewTokens">,
  { history, made, stopIds }: Penalties,
): void {
  if (repetitionPenalty !== 1) {
    for (const id of history) {
      const score = scores[id];
      if (score !== undefined) scores[id] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty;
    }
  }
  if (made < minNewTokens) { for (const id of stopIds) if (id < scores.length) scores[id] = -Infinity; }
}

/** The highest scores in falling order, and how many of the first are left to draw from. */
export interface Candidates {
  readonly falling: Float32Array | Float64Array;
  readonly count: number;
}

/**
 * What the cuts leave of scores (V), temperature being applied already: the `topK` highest, of these the likeliest whose
 * probabilities sum to `topP`, of these those no less than `minP` times as likely as the first; but the `keep` highest at
 * least. Equal scores count by rising id.
 */
export function candidates(
  scores: Float32Array | Float64Array,
  { topP, topK, minP }: Omit<SamplingParams, "temperature">,
  keep = 1,
): Candidates {
  const falling = highestScores(scores, topK > 0 ? Math.max(topK, keep) : scores.length);
  const most = falling[0]!;
  let count = falling.length;
  if (topP < 1) {
    const enough = topP * weightOf(falling, count);
    let mass = 0;
    let last = 0;
    do mass += Math.exp(falling[last++]! - most); while (last < count && mass < enough);
    count = Math.max(last, Math.min(keep, count));
  }
  while (count > keep && Math.exp(falling[count - 1]! - most) < minP) count--;
  while (count > 1 && falling[count - 1] === -Infinity) count--;
  return { falling, count };
}

/** So many are found faster by looking at each score once than by sorting all. */
const fewScores = 256;

/** The `count` highest scores in falling order; all when there are no more. */
function highestScores(scores: Float32Array | Float64Array, count: number): Float32Array | Float64Array {
  if (count > fewScores) return scores.toSorted().reverse().subarray(0, count);
  const best = new Float64Array(Math.min(count, scores.length));
  let found = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (found === best.length && score <= best[found - 1]!) continue;
    let at = found < best.length ? found++ : found - 1;
    for (; at > 0 && best[at - 1]! < score; at--) best[at] = best[at - 1]!;
    best[at] = score;
  }
  return best;
}

/** Σ exp of the first `count` of falling scores, relative to the first. */
function weightOf(falling: ArrayLike<number>, count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += Math.exp(falling[i]! - falling[0]!);
  return total;
}

/**
 * The place among candidates that a number 0 ≤ u < 1 stands for: their probabilities are laid end to end, the likeliest
 * first, and u points into them.
 */
export function drawPlace({ falling, count }: Candidates, u: number): number {
  let left = u * weightOf(falling, count);
  for (let place = 0; place < count; place++) {
    left -= Math.exp(falling[place]! - falling[0]!);
    if (left < 0) return place;
  }
  return count - 1; // rounding
}

/** The id at a place of the falling order. */
export function idAt(scores: Float32Array | Float64Array, { falling }: Candidates, place: number): number {
  const value = falling[place]!;
  const before = place - falling.indexOf(value); // equal ones that come first
  let id = scores.indexOf(value);
  for (let i = 0; i < before; i++) id = scores.indexOf(value, id + 1);
  return id;
}

/** Divides scores by the temperature, in place. */
export function temper(scores: Float32Array | Float64Array, temperature: number): void {
  if (temperature !== 1) { for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / temperature; }
}

/** The next token: the likeliest, or the one that a uniform number u stands for. Changes the scores (V). */
export function chooseToken(
  scores: Float32Array,
  params: GenerationParams,
  penalties: Penalties,
  u: () => number,
): number {
  penalise(scores, params, penalties);
  if (!params.doSample) return argmax(scores);
  temper(scores, params.temperature);
  const left = candidates(scores, params);
  return idAt(scores, left, drawPlace(left, u()));
}
