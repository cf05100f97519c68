// Beam search and beam sampling with the semantics of transformers' generate(): length penalty 1, and no early stop but
// its rule of thumb. Knows neither the device nor text.
import type { GenerationParams } from "./request.ts";
import { type Candidates, candidates, idAt, logSoftmax, penalise, temper } from "./sampling.ts";

/** An answer in the making, or a finished one. */
export interface Beam<Note> {
  /** Ids of the answer; a finished beam's last one may be a stop id. */
  readonly ids: readonly number[];
  /** What was noted of each id. */
  readonly notes: readonly Note[];
  /** Σ of the scores of its ids: log-probabilities, changed by the penalties and the temperature. */
  readonly sum: number;
}

/** How a beam search is done. */
export interface BeamSearchOptions<Note> {
  readonly params: GenerationParams;
  readonly prompt: readonly number[];
  readonly stopIds: readonly number[];
  /** Most ids of an answer. */
  readonly limit: number;
  /** One number 0 ≤ u < 1 for each candidate that is drawn. */
  readonly uniform: () => number;
  /** What to note of an id, given the log-probabilities (V) that the model gave at its place. */
  readonly note: (id: number, logprobs: Float64Array) => Note;
  /** Whether an answer ends for another reason than a stop id. */
  readonly ends?: (ids: readonly number[]) => boolean;
}

/** Where a beam goes on: from which of the beams before, and with which id. */
export interface BeamStep {
  readonly parent: number;
  readonly id: number;
}

/** A way to go on, with the beam that comes of it. */
interface Candidate<Note> extends BeamStep {
  readonly beam: Beam<Note>;
}

/** Score by which finished answers are compared: the mean over their ids. */
export function beamScore({ ids, sum }: Beam<unknown>): number {
  return sum / ids.length;
}

/** The state of a search. Feed it the logits of each beam, go on as it says, until it says nothing. */
export class BeamSearch<Note> {
  readonly #options: BeamSearchOptions<Note>;
  #running: readonly Beam<Note>[] = [{ ids: [], notes: [], sum: 0 }];
  /** At most as many as there are beams, best first. */
  #finished: readonly Beam<Note>[] = [];

  /** Begins with one beam, the prompt. */
  constructor(options: BeamSearchOptions<Note>) {
    this.#options = options;
  }

  /** The beams that go on, best first. */
  get running(): readonly Beam<Note>[] {
    return this.#running;
  }

  /** The best finished answers, best first. */
  get finished(): readonly Beam<Note>[] {
    return this.#finished;
  }

  /** Takes the logits (V) after each running beam; gives the beams to go on with, none when the search is over. */
  advance(logits: readonly Float32Array[]): BeamStep[] {
    const { beams } = this.#options.params;
    const candidates = this.#candidates(logits);
    const ends = candidates.map(({ beam }) => this.#ends(beam.ids));
    const open = candidates.filter((_, i) => !ends[i]).toSorted(byScore).slice(0, beams);
    // An answer counts as finished only if it is among the best candidates, not if it came in to fill up.
    const done = candidates.slice(0, beams).filter((_, i) => ends[i]).map(({ beam }) => beam);
    this.#finished = [...this.#finished, ...done].toSorted((a, b) => beamScore(b) - beamScore(a)).slice(0, beams);
    this.#running = open.map(({ beam }) => beam);
    return this.#mayImprove() ? open.map(({ parent, id }) => ({ parent, id })) : [];
  }

  #ends(ids: readonly number[]): boolean {
    const { stopIds, limit, ends } = this.#options;
    return ids.length >= limit || stopIds.includes(ids.at(-1)!) || (ends?.(ids) ?? false);
  }

  /** Whether the best running beam, if it ended now, would displace a finished one. */
  #mayImprove(): boolean {
    const best = this.#running[0];
    if (!best) return false;
    const worst = this.#finished[this.#options.params.beams - 1];
    return !worst || beamScore(best) > beamScore(worst);
  }

  /** The best ways to go on, or those that chance chose: so many that enough are left when some end. */
  #candidates(logits: readonly Float32Array[]): Candidate<Note>[] {
    const { params, stopIds } = this.#options;
    const count = Math.max(2, 1 + stopIds.length) * params.beams;
    const scored = this.#running.map((beam, i) => this.#scores(beam, logits[i]!));
    const width = logits[0]!.length;
    const all = new Float64Array(this.#running.length * width);
    scored.forEach(({ scores }, i) => all.set(scores, i * width));
    return (params.doSample ? this.#draw(all, count) : highest(all, count)).map((index) => {
      const parent = Math.floor(index / width);
      const id = index % width;
      const { ids, notes } = this.#running[parent]!;
      const note = this.#options.note(id, scored[parent]!.logprobs);
      return { parent, id, beam: { ids: [...ids, id], notes: [...notes, note], sum: all[index]! } };
    });
  }

  #scores(beam: Beam<Note>, logits: Float32Array): { scores: Float64Array; logprobs: Float64Array } {
    const { params, prompt, stopIds } = this.#options;
    const logprobs = logSoftmax(logits);
    const scores = logprobs.slice();
    penalise(scores, params, { history: new Set([...prompt, ...beam.ids]), made: beam.ids.length, stopIds });
    if (params.doSample) {
      temper(scores, params.temperature);
      // Enough are kept that a beam can go on when all stop ids are among them.
      keepOnly(scores, candidates(scores, params, stopIds.length + 1));
    }
    for (let id = 0; id < scores.length; id++) scores[id]! += beam.sum;
    return { scores, logprobs };
  }

  /** Indices drawn one after the other without putting back, fewer where no more are possible. */
  #draw(scores: Float64Array, count: number): number[] {
    const falling = scores.filter((score) => score > -Infinity).sort().reverse();
    const weights = falling.map((score) => Math.exp(score - falling[0]!));
    const drawn: number[] = [];
    while (drawn.length < count) {
      const place = pointedAt(weights, this.#options.uniform);
      if (place === undefined) break;
      weights[place] = 0;
      drawn.push(idAt(scores, { falling, count: falling.length }, place));
    }
    return drawn;
  }
}

/** The place that a number points at when weights are laid end to end; undefined when there are none above 0. */
function pointedAt(weights: Float64Array, uniform: () => number): number | undefined {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i]!;
  if (total === 0) return undefined;
  let left = uniform() * total;
  let last = 0;
  for (let place = 0; place < weights.length; place++) {
    if (weights[place] === 0) continue;
    left -= weights[place]!;
    last = place;
    if (left < 0) break;
  }
  return last;
}

/** Makes all scores but the candidates impossible. */
function keepOnly(scores: Float64Array, { falling, count }: Candidates): void {
  const lowest = falling[count - 1]!;
  let equals = count - falling.indexOf(lowest); // so many of the lowest value stay
  for (let id = 0; id < scores.length; id++) {
    if (scores[id]! < lowest || scores[id] === lowest && equals-- <= 0) scores[id] = -Infinity;
  }
}

const byScore = (a: { beam: Beam<unknown> }, b: { beam: Beam<unknown> }) => b.beam.sum - a.beam.sum;

/** Indices of the highest scores that are possible, highest first, the first of equals first. */
function highest(scores: Float64Array, count: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (score === -Infinity || (best.length === count && score <= scores[best.at(-1)!]!)) continue;
    let at = best.length;
    while (at > 0 && scores[best[at - 1]!]! < score) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}
