// A request on its way to an answer: what the scheduler has to compute for it, and the events that come of it.
import { mostCandidates } from "../../kernels/decode/sample.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { AnswerText, firstOf } from "./answer_text.ts";
import { type Beam, beamScore, BeamSearch, type BeamStep } from "./beam_search.ts";
import type { SampleResult, SampleSettings } from "./decoder.ts";
import type { FinishReason, GeneratedToken, TextEvent, TextRequest, TokenLogprob } from "./request.ts";
import { chooseToken, logSoftmax } from "./sampling.ts";
import { uniforms } from "./uniforms.ts";

/** What all sequences of a generator share. */
export interface SequenceContext {
  readonly tokenizer: Tokenizer;
  /** Ids that end an answer; they are not given out. */
  readonly stopIds: readonly number[];
  /** Only ids below this are chosen: a model may have more rows than its tokenizer has ids. */
  readonly vocabularySize: number;
  /** Most tokens of prompt and answer together. */
  readonly positions: number;
}

/** A uniform number for each place of an answer, always the same for a place. */
function drawsOf(seed: number): (place: number) => number {
  const next = uniforms(seed);
  const made: number[] = [];
  return (place) => {
    while (made.length <= place) made.push(next());
    return made[place]!;
  };
}

/** What both kinds of sequences have. */
abstract class BaseSequence {
  /** Tokens of the prompt that need not be computed; set before the first event. */
  reusedTokens = 0;
  /** Most tokens of the answer. */
  readonly limit: number;
  protected readonly draw: (place: number) => number;

  constructor(
    readonly request: TextRequest,
    protected readonly context: SequenceContext,
    protected readonly emit: (event: TextEvent) => void,
  ) {
    const { prompt, params } = request;
    this.limit = Math.min(params.maxNewTokens, context.positions - prompt.length);
    this.draw = drawsOf(params.seed);
  }

  /** Ids that come before the answer, as text goes: the first one of a text has no leading space. */
  protected startsText(): boolean {
    return !this.request.prompt.some((id) => !this.context.tokenizer.isSpecial(id));
  }

  protected token(id: number, logprob: number, tops: SampleResult["tops"]): GeneratedToken {
    if (this.request.logprobs === undefined) return { id };
    const { tokenizer } = this.context;
    const named = (entry: { id: number; logprob: number }): TokenLogprob => ({
      id: entry.id,
      bytes: tokenizer.bytesOf(entry.id),
      logprob: entry.logprob,
    });
    return { id, logprob: { ...named({ id, logprob }), top: tops.map(named) } };
  }

  protected end(reason: FinishReason, newTokens: number, stop?: string): void {
    const { prompt } = this.request;
    const counts = { promptTokens: prompt.length, newTokens, reusedTokens: this.reusedTokens };
    this.emit({ type: "end", reason, ...counts, ...(stop !== undefined && { stop }) });
  }
}

/** An answer of one token after the other. */
export class SampledSequence extends BaseSequence {
  /** Ids of the answer so far. */
  readonly made: number[] = [];
  readonly #text: AnswerText;

  constructor(request: TextRequest, context: SequenceContext, emit: (event: TextEvent) => void) {
    super(request, context, emit);
    this.#text = new AnswerText(context.tokenizer.stream(!this.startsText()), request.params.stop);
  }

  /** Tokens that may still come. */
  get left(): number {
    return this.limit - this.made.length;
  }

  /** Whether the device can choose the tokens. */
  get suitsDevice(): boolean {
    const { doSample, topK } = this.request.params;
    return !doSample || topK <= mostCandidates;
  }

  /** How the device chooses the tokens from here on. */
  get settings(): SampleSettings {
    const { doSample, temperature, topP, topK, minP, repetitionPenalty, minNewTokens } = this.request.params;
    return {
      penalty: repetitionPenalty,
      temperature: doSample ? temperature : 0,
      topP,
      minP,
      topK,
      maskedSteps: Math.max(0, minNewTokens - this.made.length),
      tops: this.request.logprobs ?? 0,
    };
  }

  /** The numbers that the next tokens are drawn with. */
  get draws(): (n: number) => number {
    const first = this.made.length;
    return (n) => this.draw(first + n);
  }

  /** Chooses the next token from the logits after the last one. */
  choose(logits: Float32Array): SampleResult {
    const { params, prompt, logprobs } = this.request;
    const { vocabularySize, stopIds } = this.context;
    const made = this.made.length;
    const scores = logits.slice(0, vocabularySize);
    const told = logprobs === undefined ? undefined : logSoftmax(scores);
    const history = new Set(params.repetitionPenalty === 1 ? [] : [...prompt, ...this.made]);
    const id = chooseToken(scores, params, { history, made, stopIds }, () => this.draw(made));
    return { id, undecided: false, logprob: told?.[id] ?? 0, tops: told ? topsOf(told, logprobs ?? 0) : [] };
  }

  /** Takes the next token; true when it was the last one. */
  take({ id, logprob, tops }: SampleResult): boolean {
    if (this.context.stopIds.includes(id)) {
      this.#finish("eos");
      return true;
    }
    this.made.push(id);
    const { text, stop } = this.#text.push(id);
    this.emit({ type: "text", text, tokens: [this.token(id, logprob, tops)] });
    if (stop !== undefined) this.end("stop-string", this.made.length, stop);
    else if (this.left <= 0) this.#finish("length");
    return stop !== undefined || this.left <= 0;
  }

  /** Gives out the text that was held back. */
  #finish(reason: FinishReason): void {
    const { text, stop } = this.#text.end();
    if (text) this.emit({ type: "text", text, tokens: [] });
    this.end(stop === undefined ? reason : "stop-string", this.made.length, stop);
  }
}

/** An answer that is searched with beams. */
export class BeamSequence extends BaseSequence {
  readonly #search: BeamSearch<GeneratedToken>;
  #drawn = 0;

  constructor(request: TextRequest, context: SequenceContext, emit: (event: TextEvent) => void) {
    super(request, context, emit);
    const { params, prompt, logprobs } = request;
    this.#search = new BeamSearch({
      params,
      prompt,
      stopIds: context.stopIds,
      limit: this.limit,
      uniform: () => this.draw(this.#drawn++),
      note: (id, all) => this.token(id, all[id]!, logprobs ? topsOf(all, logprobs) : []),
      ...(params.stop.length > 0 && { ends: (ids) => firstOf(params.stop, this.#textOf(ids)) !== undefined }),
    });
  }

  /** Takes the logits after each beam; gives the beams to go on with, none at the end. */
  advance(logits: readonly Float32Array[]): BeamStep[] {
    const steps = this.#search.advance(logits.map((row) => row.subarray(0, this.context.vocabularySize)));
    if (this.request.showBeams) this.#show(steps.length > 0 ? this.#search.running : this.#search.finished);
    if (steps.length === 0) this.#finish();
    return steps;
  }

  #show(beams: readonly Beam<GeneratedToken>[]): void {
    const shown = beams.map((beam) => ({ text: this.#textOf(this.#withoutStop(beam.ids)), score: beamScore(beam) }));
    this.emit({ type: "beams", beams: shown });
  }

  /** Whole characters only. */
  #textOf(ids: readonly number[]): string {
    const stream = this.context.tokenizer.stream(!this.startsText());
    return ids.map((id) => stream.push(id)).join("");
  }

  #withoutStop(ids: readonly number[]): readonly number[] {
    return this.context.stopIds.includes(ids.at(-1)!) ? ids.slice(0, -1) : ids;
  }

  #finish(): void {
    const { params: { stop: stops } } = this.request;
    const best = this.#search.finished[0];
    const ids = this.#withoutStop(best?.ids ?? []);
    const text = new AnswerText(this.context.tokenizer.stream(!this.startsText()), []);
    const whole = ids.map((id) => text.push(id).text).join("") + text.end().text;
    const stop = firstOf(stops, whole);
    this.emit({ type: "text", text: whole.slice(0, stop?.at), tokens: best?.notes.slice(0, ids.length) ?? [] });
    const reason = best && ids.length < best.ids.length ? "eos" : "length";
    this.end(stop ? "stop-string" : reason, ids.length, stop?.stop);
  }
}

/** The likeliest ids, likeliest first, equals by rising id. */
function topsOf(logprobs: Float64Array, count: number): { id: number; logprob: number }[] {
  const tops: { id: number; logprob: number }[] = [];
  for (let id = 0; id < logprobs.length; id++) {
    const logprob = logprobs[id]!;
    if (tops.length === count && (count === 0 || logprob <= tops.at(-1)!.logprob)) continue;
    let at = tops.length;
    while (at > 0 && tops[at - 1]!.logprob < logprob) at--;
    tops.splice(at, 0, { id, logprob });
    if (tops.length > count) tops.pop();
  }
  return tops;
}
