// Generation with text in and out: adapters by name, one request after the other.
import type { Device } from "../../kernels/device.ts";
import type { BaseWeights } from "../base_file.ts";
import { readAdapter } from "../formats/adapter.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { Lora } from "../lora.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { Generator } from "./generator.ts";
import type { GeneratedToken, TextEvent, TextRequest } from "./request.ts";
import { type Score, type ScorePair, Scorer } from "./scorer.ts";

/** How much a text generator holds. */
export interface TextGeneratorOptions {
  /** Most tokens of prompt and answer together; the model's positions when left out. */
  readonly positions?: number;
}

/** Generates text with a base and any number of adapters. Requests may be made at any time; they wait for each other. */
export class TextGenerator {
  /** Most tokens of prompt and answer together. */
  readonly positions: number;
  readonly #adapters = new Map<string, Lora>();
  #queue: Promise<unknown> = Promise.resolve();
  #scorer: Scorer | undefined;

  /** The device, base and tokenizer stay the caller's: close this first. */
  constructor(
    readonly device: Device,
    readonly base: BaseWeights,
    readonly tokenizer: Tokenizer,
    options: TextGeneratorOptions = {},
  ) {
    this.positions = Math.min(base.config.maxPositions, options.positions ?? base.config.maxPositions);
  }

  /** The network's shape. */
  get config(): LlamaConfig {
    return this.base.config;
  }

  /** Names of the loaded adapters, in the order of loading. */
  get adapters(): readonly string[] {
    return [...this.#adapters.keys()];
  }

  /**
   * Loads the adapter of a folder under a name; the base is not loaded again. One of the same name is replaced.
   *
   * @throws {FormatError} when the folder has no adapter for this base
   */
  async loadAdapter(name: string, path: string): Promise<void> {
    const adapter = await readAdapter(path);
    const lora = new Lora(this.device, this.config, adapter, false);
    lora.load(adapter);
    this.unloadAdapter(name);
    this.#adapters.set(name, lora);
  }

  /** Frees an adapter; nothing happens when there is none of this name. */
  unloadAdapter(name: string): void {
    this.#adapters.get(name)?.close();
    this.#adapters.delete(name);
  }

  /**
   * The answer to a request, as it is made.
   *
   * @throws {RangeError} for an adapter that is not loaded, an empty prompt, or one that leaves no room for an answer
   */
  async *stream(request: TextRequest): AsyncGenerator<TextEvent, void, undefined> {
    const { prompt, params, adapter, signal } = request;
    const lora = adapter === undefined ? undefined : this.#adapters.get(adapter);
    if (adapter !== undefined && !lora) throw new RangeError(`no adapter named ${adapter} is loaded`);
    const before = this.#queue;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queue = promise;
    await before;
    const generator = new Generator(this.device, this.base, this.positions, lora);
    try {
      const decoder = this.tokenizer.stream(prompt.some((id) => !this.tokenizer.isSpecial(id)));
      const stopIds = [this.tokenizer.eosId, ...this.config.eosIds];
      const ids = generator.generate(prompt, {
        ...params,
        temperature: params.doSample ? params.temperature : 0,
        stopIds,
        vocabularySize: this.tokenizer.vocabularySize,
        ...(signal && { signal }),
      });
      let made = 0;
      for await (const id of ids) {
        made++;
        const tokens: GeneratedToken[] = [{ id }];
        yield { type: "text", text: decoder.push(id), tokens };
      }
      const rest = decoder.end();
      if (rest) yield { type: "text", text: rest, tokens: [] };
      const reason = made === Math.min(params.maxNewTokens, this.positions - prompt.length) ? "length" : "eos";
      yield { type: "end", reason, promptTokens: prompt.length, newTokens: made, reusedTokens: 0 };
    } finally {
      generator.close();
      resolve();
    }
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
    const lora = adapter === undefined ? undefined : this.#adapters.get(adapter);
    if (adapter !== undefined && !lora) throw new RangeError(`no adapter named ${adapter} is loaded`);
    this.#scorer ??= new Scorer(this.device, this.base);
    return await this.#scorer.score(pairs, lora, signal);
  }

  /** Frees the adapters. */
  close(): void {
    for (const name of this.adapters) this.unloadAdapter(name);
    this.#scorer?.close();
  }
}
