// Generation with text in and out: many requests at once, with a base and any number of adapters by name.
import type { Device } from "../../kernels/gpu/device.ts";
import type { BaseWeights } from "../base_weights.ts";
import { readAdapter } from "../formats/adapter/adapter.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { Lora } from "../training/lora.ts";
import { sequenceLimit } from "../sequence_limit.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { AdapterShelf } from "./adapter_shelf.ts";
import { type CacheOptions, cacheSize } from "./cache_size.ts";
import type { DecoderSize } from "./decoder.ts";
import { EventQueue } from "./event_queue.ts";
import { Job } from "./job.ts";
import { RequestError, type TextEvent, type TextRequest } from "./request.ts";
import { Scheduler } from "./scheduler.ts";
import { type Score, type ScorePair, Scorer } from "./scorer.ts";
import { BeamSequence, SampledSequence, type SequenceContext } from "./sequence.ts";

/** How much a text generator holds, and where its answers end. */
export interface TextGeneratorOptions extends CacheOptions {
  /** Ids that end an answer; those of the tokenizer and config.json when left out. */
  readonly endIds?: readonly number[];
}

/**
 * Generates text with a base and any number of adapters. Requests may be made at any time: as many as there are slots are
 * computed together, the others wait in order. Its memory is taken at the first request and does not grow.
 */
export class TextGenerator {
  /** Most tokens of prompt and answer together. */
  readonly positions: number;
  /** Most requests that are computed at once; a request with beams counts as so many. */
  readonly slots: number;
  readonly #size: DecoderSize;
  readonly #shelf: AdapterShelf;
  readonly #context: SequenceContext;
  readonly #queues = new Map<Job, EventQueue<TextEvent>>();
  #scheduler: Scheduler | undefined;
  #scorer: Scorer | undefined;

  /** The device, base and tokenizer stay the caller's: close this first. */
  constructor(
    readonly device: Device,
    readonly base: BaseWeights,
    readonly tokenizer: Tokenizer,
    options: TextGeneratorOptions = {},
  ) {
    const { config } = base;
    this.#size = cacheSize(device, config, options);
    ({ positions: this.positions, slots: this.slots } = this.#size);
    this.#context = {
      tokenizer,
      stopIds: options.endIds ?? [...new Set([tokenizer.eosId, ...config.eosIds])],
      vocabularySize: Math.min(tokenizer.vocabularySize, config.vocabularySize),
      positions: this.positions,
    };
    this.#shelf = new AdapterShelf((lora) => {
      this.#scheduler?.forget(lora);
      this.#scorer?.forget();
    });
  }

  /** The network's shape. */
  get config(): LlamaConfig {
    return this.base.config;
  }

  /** Names of the loaded adapters, in the order of loading. */
  get adapters(): readonly string[] {
    return this.#shelf.names;
  }

  /**
   * Loads the adapter of a folder under a name; the base is not loaded again. One of the same name is replaced: requests that
   * were made before go on with the old one.
   *
   * @throws {FormatError} when the folder has no adapter for this base
   */
  async loadAdapter(name: string, path: string): Promise<void> {
    const adapter = await readAdapter(path, this.config);
    const lora = new Lora(this.device, this.config, adapter, false);
    try {
      lora.load(adapter);
    } catch (error) {
      lora.close();
      throw error;
    }
    this.#shelf.put(name, lora, true);
  }

  /** Gives a name to an adapter that is on the device already and stays the caller's. */
  useAdapter(name: string, lora: Lora): void {
    this.#shelf.put(name, lora, false);
  }

  /**
   * Takes an adapter's name away at once, and frees it when the requests that use it are done: then this settles. Nothing
   * happens when there is none of this name.
   */
  unloadAdapter(name: string): Promise<void> {
    return this.#shelf.remove(name);
  }

  /**
   * The answer to a request, as it is made. Without beams the text comes token by token; with beams, when the search is over.
   *
   * @throws {RequestError} for an empty prompt, one that leaves no room for an answer, an id outside the vocabulary, more
   * beams than slots, or a parameter out of its range
   * @throws {RangeError} for an adapter that is not loaded
   */
  async *stream(request: TextRequest): AsyncGenerator<TextEvent, void, undefined> {
    this.#check(request);
    request.signal?.throwIfAborted();
    const queue = new EventQueue<TextEvent>();
    const emit = (event: TextEvent) => queue.push(event);
    const Sequence = request.params.beams > 1 ? BeamSequence : SampledSequence;
    const job = new Job(new Sequence(request, this.#context, emit), this.#shelf.use(request.adapter));
    this.#queues.set(job, queue);
    try {
      this.#scheduler ??= new Scheduler(
        this.device,
        this.base,
        this.#size,
        this.#context,
        this.#shelf,
        (ended, error) => this.#end(ended, error),
      );
      this.#scheduler.add(job);
      yield* queue.read();
    } finally {
      job.cancelled = true;
    }
  }

  #end(job: Job, error: unknown): void {
    this.#queues.get(job)?.end(error);
    this.#queues.delete(job);
  }

  #check({ prompt, params, logprobs = 0 }: TextRequest): void {
    const { temperature, topP, topK, minP, beams, repetitionPenalty, maxNewTokens, minNewTokens } = params;
    const { vocabularySize } = this.config;
    if (prompt.length === 0) throw new RequestError("cannot generate from an empty prompt");
    if (prompt.length >= this.positions) {
      const { tokens, reason, strict } = sequenceLimit(this.config);
      throw new RequestError(
        `the prompt has ${prompt.length} tokens; at most ${this.positions - 1} leave room for an answer` +
          (strict && tokens === this.positions ? `, since the model has ${reason}` : ""),
      );
    }
    const outside = prompt.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabularySize));
    if (outside !== undefined) {
      throw new RequestError(`token id ${outside} is outside the model's vocabulary of ${vocabularySize}`);
    }
    if (beams > this.slots) {
      throw new RequestError(`${beams} beams need as many slots, there are ${this.slots}: lower beams or positions`);
    }
    const whole = (value: number, least: number) => Number.isInteger(value) && value >= least;
    const wrong = Object.entries({
      beams: whole(beams, 1),
      maxNewTokens: whole(maxNewTokens, 1),
      minNewTokens: whole(minNewTokens, 0),
      temperature: !params.doSample || temperature > 0,
      topP: topP >= 0 && topP <= 1,
      topK: whole(topK, 0),
      minP: minP >= 0 && minP <= 1,
      repetitionPenalty: repetitionPenalty > 0,
      logprobs: whole(logprobs, 0) && logprobs <= 20,
    }).flatMap(([name, right]) => right ? [] : [name]);
    if (wrong.length > 0) throw new RequestError(`cannot generate with these values of ${wrong.join(", ")}`);
  }

  /**
   * How likely continuations are after their contexts, with an adapter or without; in the order of the pairs.
   *
   * @throws {RangeError} for an adapter that is not loaded, an empty context, an id outside the vocabulary, or more ids than
   * the model has positions
   */
  async score(
    pairs: readonly ScorePair[],
    { adapter, signal }: { readonly adapter?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Score[]> {
    const used = this.#shelf.use(adapter);
    try {
      this.#scorer ??= new Scorer(this.device, this.base);
      return await this.#scorer.score(pairs, used?.lora, signal);
    } finally {
      this.#shelf.release(used);
    }
  }

  /** Ends what still runs with an error and frees slots and adapters. */
  close(): void {
    this.#scheduler?.close();
    this.#scorer?.close();
    this.#scheduler = this.#scorer = undefined;
    for (const name of this.adapters) this.unloadAdapter(name);
  }
}
