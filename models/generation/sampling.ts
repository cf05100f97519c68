// How the next token is chosen from logits, with the semantics of transformers' generate(). What kernels/sample.ts does on
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
  return Float64Array.from(logits, (value) => value - total);
}

/** log Σ exp(logits). */
export function logSumExp(logits: ArrayLike<number>): number {
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

/** Scores in falling order, and how many of the first are left to draw from. */
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
  const falling = scores.toSorted().reverse();
  const most = falling[0]!;
  let count = topK > 0 ? Math.min(Math.max(topK, keep), falling.length) : falling.length;
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
