import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Device } from "../../kernels/device.ts";
import { Stream } from "../../kernels/stream.ts";
import { createTensor, destroyTensors, download, firstRows, type Tensor, upload } from "../../kernels/tensor.ts";
import type { BaseWeights } from "../base_file.ts";
import { uploadBatch } from "../batch.ts";
import type { Lora } from "../lora.ts";
import { paddedRank } from "../lora.ts";
import { forward, headForward, type KeyValueCache, type Pass } from "../pass.ts";
import { sample, type SamplingOptions } from "./sampling.ts";
import { createWorkspace, type Workspace } from "../workspace.ts";

/** What to generate. */
export interface GenerateOptions extends SamplingOptions {
  readonly maxNewTokens: number;
  /** Seeds the sampling; the same seed gives the same text on one device. */
  readonly seed: number;
  /** Ids that end the answer; they are not given out. */
  readonly stopIds: readonly number[];
  /**
   * Only ids below this are chosen. A model may have more rows than its tokenizer has ids, and those stand for no text.
   * The model's own number when left out.
   */
  readonly vocabularySize?: number;
  readonly signal?: AbortSignal;
}

/** Prompt tokens that are computed at once. */
const chunkTokens = 128;

/** Generates token by token with a cache of keys and values. Knows nothing of text. */
export class Generator {
  readonly #stream: Stream;
  readonly #space: Workspace;
  readonly #keys: Tensor[];
  readonly #values: Tensor[];

  /**
   * @param positions most tokens of prompt and answer together; not above the model's positions
   * @param lora the adapter to use, if any
   */
  constructor(
    readonly device: Device,
    readonly base: BaseWeights,
    readonly positions: number,
    readonly lora?: Lora,
  ) {
    const { config } = base;
    if (positions > config.maxPositions) {
      throw new RangeError(`the model has ${config.maxPositions} positions, ${positions} were asked for`);
    }
    const tokens = Math.min(chunkTokens, positions);
    const rank = lora ? paddedRank(lora.settings) : 0;
    this.#stream = new Stream(device);
    this.#space = createWorkspace(device, config, { tokens, headRows: 1, rank });
    const caches = (what: string) =>
      base.layers.map((_, i) =>
        createTensor(device, `${what} ${i}`, [positions, config.keyValueHeads, config.headSize])
      );
    this.#keys = caches("cached keys");
    this.#values = caches("cached values");
  }

  /** Runs ids at positions `used` …, and gives the logits (V) after the last one. */
  async #logitsAfter(ids: readonly number[], used: number): Promise<Float32Array> {
    const { base, device } = this;
    const batch = {
      ids: Uint32Array.from(ids),
      positions: Uint32Array.from(ids, (_, i) => used + i),
      starts: new Uint32Array(ids.length), // every token sees the cache from its beginning
      labels: new Int32Array(ids.length).fill(-1),
    };
    const cache: KeyValueCache = { keys: this.#keys, values: this.#values, used };
    const pass: Pass = {
      stream: this.#stream,
      base,
      lora: this.lora,
      space: this.#space,
      batch: uploadBatch(this.#space, base.config, batch, device),
      cache,
    };
    upload(device, this.#space.batch.rows, Uint32Array.of(ids.length - 1));
    forward(pass);
    const logits = headForward(pass, firstRows(this.#space.batch.rows, 1));
    this.#stream.flush();
    const [values] = await download(device, logits);
    return values!.subarray(0, base.config.vocabularySize);
  }

  /**
   * The ids that follow a prompt, one by one, until a stop id, `maxNewTokens`, or the last position.
   *
   * @throws {RangeError} for an empty prompt or one that leaves no position for an answer
   */
  async *generate(prompt: readonly number[], options: GenerateOptions): AsyncGenerator<number> {
    if (prompt.length === 0) throw new RangeError("cannot generate from an empty prompt");
    if (prompt.length >= this.positions) {
      throw new RangeError(
        `the prompt has ${prompt.length} tokens; at most ${this.positions - 1} leave room for an answer`,
      );
    }
    const random = xoroshiro128plus(options.seed);
    let logits = new Float32Array();
    for (let begin = 0; begin < prompt.length; begin += this.#space.size.tokens) {
      options.signal?.throwIfAborted();
      logits = Float32Array.from(await this.#logitsAfter(prompt.slice(begin, begin + this.#space.size.tokens), begin));
    }
    let used = prompt.length;
    for (let made = 0; made < options.maxNewTokens; made++) {
      options.signal?.throwIfAborted();
      const id = sample(logits.subarray(0, options.vocabularySize), options, random);
      if (options.stopIds.includes(id)) return;
      yield id;
      if (used === this.positions || made + 1 === options.maxNewTokens) return;
      logits = Float32Array.from(await this.#logitsAfter([id], used++));
    }
  }

  /** Frees the cache and the workspace; base and adapter stay. */
  close(): void {
    this.#stream.close();
    this.#space.close();
    destroyTensors(this.device, [...this.#keys, ...this.#values]);
  }
}
