// How likely given continuations are: log-likelihoods of many texts in packed batches.
import { crossEntropy } from "../../kernels/loss/cross_entropy.ts";
import type { Device } from "../../kernels/gpu/device.ts";
import { labelRank } from "../../kernels/loss/label_rank.ts";
import { Stream } from "../../kernels/gpu/stream.ts";
import {
  createTensor,
  destroyTensors,
  download,
  firstRows,
  type Tensor,
  upload,
  view,
} from "../../kernels/gpu/tensor.ts";
import type { BaseWeights } from "../base_weights.ts";
import { type DeviceBatch, uploadBatch } from "../training/batch.ts";
import { type Lora, paddedRank } from "../training/lora.ts";
import { forward, headChunks, headForward } from "../training/pass.ts";
import { sequenceLimit } from "../sequence_limit.ts";
import { defaultHeadRows } from "../training/workspace_layout.ts";
import { createWorkspace, type Workspace } from "../training/workspace.ts";

/** A text and what may follow it. */
export interface ScorePair {
  /** Ids of the text, one at least; bos included where the model wants it. */
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

/** How likely a continuation is. */
export interface Score {
  /** The natural logarithm of each continuation token's probability, given all before it. */
  readonly logprobs: Float64Array;
  /** True when every token is the likeliest one in its place. */
  readonly greedy: boolean;
}

/** Tokens of a batch, unless one text has more. */
const batchTokens = 1024;

/** A text as it runs through the model: all of a pair's ids but the last, and what is asked of them. */
interface Row {
  readonly ids: readonly number[];
  readonly targets: Target[];
}

/** A token whose probability is wanted: it follows the id at `at` of its row. */
interface Target {
  readonly at: number;
  readonly label: number;
  readonly pair: number;
  readonly index: number;
}

interface Buffers {
  readonly space: Workspace;
  /** Of the labelled rows of a batch (tokens). */
  readonly losses: Tensor;
  readonly ranks: Tensor;
}

/** Computes log-likelihoods; calls wait for each other. Takes memory at the first call and keeps it. */
export class Scorer {
  readonly #stream: Stream;
  #buffers: Buffers | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Device, base and adapters stay the caller's. */
  constructor(readonly device: Device, readonly base: BaseWeights) {
    this.#stream = new Stream(device);
  }

  /**
   * The log-likelihoods of continuations, in the order of the pairs. Pairs in a row that differ in their last id only, such
   * as answers of one token, are computed together.
   *
   * @throws {RangeError} for an empty context, an id outside the vocabulary, or more ids than the model has positions
   */
  score(pairs: readonly ScorePair[], lora?: Lora, signal?: AbortSignal): Promise<Score[]> {
    const rows = this.#rows(pairs);
    const run = async () => {
      const scores = pairs.map(({ continuation }) => ({
        logprobs: new Float64Array(continuation.length),
        ranks: new Float64Array(continuation.length),
      }));
      this.#throwIfClosed();
      this.#reserve(Math.max(0, ...rows.map(({ ids, targets }) => Math.max(ids.length, targets.length))), lora);
      for (const batch of batches(rows, this.#buffers!.space.size.tokens)) {
        signal?.throwIfAborted();
        this.#throwIfClosed();
        const targets = batch.flatMap((row) => row.targets);
        const { losses, ranks } = await this.#compute(batch, lora);
        targets.forEach(({ pair, index }, i) => {
          scores[pair]!.logprobs[index] = -losses[i]!;
          scores[pair]!.ranks[index] = ranks[i]!;
        });
      }
      return scores.map(({ logprobs, ranks }) => ({ logprobs, greedy: ranks.every((rank) => rank === 0) }));
    };
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => {});
    return result;
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new DOMException("the scorer was closed", "AbortError");
  }

  #rows(pairs: readonly ScorePair[]): Row[] {
    const { vocabularySize } = this.base.config;
    const { tokens: most, reason } = sequenceLimit(this.base.config);
    const rows: Row[] = [];
    for (const [pair, { context, continuation }] of pairs.entries()) {
      if (context.length === 0) throw new RangeError(`cannot score pair ${pair}: its context has no id to begin with`);
      const ids = [...context, ...continuation].slice(0, -1);
      const outside = continuation.find((id) => !(id >= 0 && id < vocabularySize));
      if (outside !== undefined) {
        throw new RangeError(`token id ${outside} is outside the model's vocabulary of ${vocabularySize}`);
      }
      if (continuation.length === 0) continue;
      if (ids.length > most) {
        throw new RangeError(`cannot score pair ${pair}: ${ids.length} ids, the model has ${reason}`);
      }
      const targets = continuation.map((label, index): Target => ({
        at: context.length - 1 + index,
        label,
        pair,
        index,
      }));
      const before = rows.at(-1);
      if (before && before.ids.length === ids.length && before.ids.every((id, i) => id === ids[i])) {
        if (before.targets.length + targets.length <= batchTokens) {
          before.targets.push(...targets);
          continue;
        }
      }
      rows.push({ ids, targets });
    }
    return rows;
  }

  #reserve(tokens: number, lora: Lora | undefined): void {
    const size = this.#buffers?.space.size ?? { tokens: batchTokens, rank: 0 };
    const rank = Math.max(size.rank, lora ? paddedRank(lora.settings) : 0);
    const wanted = Math.max(size.tokens, tokens);
    if (this.#buffers && rank === size.rank && wanted === size.tokens) return;
    this.#free();
    this.#buffers = {
      space: createWorkspace(this.device, this.base.config, { tokens: wanted, headRows: defaultHeadRows, rank }),
      losses: createTensor(this.device, "losses of scored tokens", [wanted]),
      ranks: createTensor(this.device, "ranks of scored tokens", [wanted]),
    };
  }

  async #compute(
    batch: readonly Row[],
    lora: Lora | undefined,
  ): Promise<{ losses: Float32Array; ranks: Float32Array }> {
    const { device, base } = this;
    const stream = this.#stream;
    const { space, losses, ranks } = this.#buffers!;
    const pass = { stream, base, lora, space, batch: this.#upload(batch) };
    forward(pass);
    let begin = 0;
    for (const { rows, labels, count } of headChunks(pass)) {
      const logits = headForward(pass, rows);
      const part = (tensor: Tensor) => view(tensor, tensor.name, begin, [count]);
      crossEntropy(stream, logits, labels, part(losses), base.config.vocabularySize);
      labelRank(stream, logits, labels, part(ranks), base.config.vocabularySize);
      begin += count;
    }
    await stream.submit();
    const read = await download(device, firstRows(losses, begin), firstRows(ranks, begin));
    return { losses: read[0]!, ranks: read[1]! };
  }

  /** One row behind the other. A token may be labelled more than once, which a training's batch does not know. */
  #upload(batch: readonly Row[]): DeviceBatch {
    const { space } = this.#buffers!;
    const tokens = batch.reduce((sum, { ids }) => sum + ids.length, 0);
    const packed = {
      ids: new Uint32Array(tokens),
      positions: new Uint32Array(tokens),
      starts: new Uint32Array(tokens),
      labels: new Int32Array(tokens).fill(-1),
    };
    const rows: number[] = [];
    let start = 0;
    for (const { ids, targets } of batch) {
      packed.ids.set(ids, start);
      packed.starts.fill(start, start, start + ids.length);
      for (let i = 0; i < ids.length; i++) packed.positions[start + i] = i;
      rows.push(...targets.map(({ at }) => start + at));
      start += ids.length;
    }
    const uploaded = uploadBatch(space, this.base.config, packed, this.device);
    upload(this.device, space.batch.rows, Uint32Array.from(rows));
    const labels = batch.flatMap(({ targets }) => targets.map(({ label }) => label));
    upload(this.device, space.batch.labels, Uint32Array.from(labels));
    return { ...uploaded, labelled: rows.length };
  }

  /** Lets go of what was remembered of an adapter; call it before the adapter is closed. */
  forget(): void {
    this.#stream.forget();
  }

  #free(): void {
    if (!this.#buffers) return;
    this.#buffers.space.close();
    destroyTensors(this.device, [this.#buffers.losses, this.#buffers.ranks]);
    this.#buffers = undefined;
    this.#stream.forget();
  }

  /** Frees the memory. Calls that still run fail. */
  close(): void {
    this.#closed = true;
    this.#free();
    this.#stream.close();
  }
}

/** Rows in order, as many at once as have room for their ids and their targets. */
function* batches(rows: readonly Row[], budget: number): Generator<Row[]> {
  let batch: Row[] = [];
  let tokens = 0;
  let targets = 0;
  for (const row of rows) {
    if (batch.length > 0 && Math.max(tokens + row.ids.length, targets + row.targets.length) > budget) {
      yield batch;
      [batch, tokens, targets] = [[], 0, 0];
    }
    batch.push(row);
    tokens += row.ids.length;
    targets += row.targets.length;
  }
  if (batch.length > 0) yield batch;
}
