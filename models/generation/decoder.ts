// The model with a cache of keys and values, cut into slots of a fixed size: one sequence lies in each. Knows nothing of
// how tokens are chosen, nor who asks.
import type { Device } from "../../kernels/gpu/device.ts";
import { storedAs } from "../../kernels/gpu/half.ts";
import { copySlot, type LayerCache } from "../../kernels/decode/key_value_cache.ts";
import { resultWords, sampleRowBytes, SampleSpace } from "../../kernels/decode/sample.ts";
import { Stream } from "../../kernels/gpu/stream.ts";
import { createTensor, destroyTensors, download, firstRows, type Tensor, upload } from "../../kernels/gpu/tensor.ts";
import type { BaseWeights } from "../base_weights.ts";
import { uploadBatch } from "../training/batch.ts";
import type { LlamaConfig } from "../formats/config.ts";
import { type Lora, paddedRank } from "../training/lora.ts";
import { forward, headForward, type Pass } from "../training/pass.ts";
import { sequenceLimit } from "../sequence_limit.ts";
import { createWorkspace, type Workspace } from "../training/workspace.ts";
import { createDecodeSpace, decodeRowBytes, type DecodeSpace, decodeStep } from "./decode_pass.ts";
import { type DecodeRow, DecodeRun, mostSteps, type RunOptions, type RunResources, type RunRow } from "./decode_run.ts";

export { mostCandidates } from "../../kernels/decode/sample.ts";
export type { DecodeRow, RunRow, SampleResult, SampleSettings } from "./decode_run.ts";

/** How many sequences a decoder holds at once, and how long each may be. */
export interface DecoderSize {
  readonly slots: number;
  /** Most tokens of a sequence; not above the model's positions. */
  readonly positions: number;
  /** Bits of a key's or value's element in the cache; as they are computed, 32, when left out. */
  readonly cacheBits?: CacheBits;
}

/** How keys and values are kept: as float16, as is usual for them, or as they are computed. */
export type CacheBits = 16 | 32;

/** Bits of the cache unless told otherwise. */
const defaultCacheBits: CacheBits = 32;

/** Tokens of a prompt that are computed at once. */
export const chunkTokens = 128;

/** Positions that a slot has room for: its bytes must be a multiple of 256, whatever the heads. */
const slotRoom = (positions: number) => Math.ceil(positions / 64) * 64;

/** Bytes of the keys and values of one slot, all layers together. */
export function slotBytes(config: LlamaConfig, positions: number, bits: CacheBits = defaultCacheBits): number {
  return 2 * config.layers * layerSlotBytes(config, positions, bits);
}

/** Bytes of the keys, or the values, of one slot in one layer; those of all slots of a layer are one binding. */
export function layerSlotBytes(
  { keyValueHeads, headSize }: LlamaConfig,
  positions: number,
  bits: CacheBits = defaultCacheBits,
): number {
  return slotRoom(positions) * keyValueHeads * headSize * bits / 8;
}

/** Bytes that steps take for each slot beside its keys and values, with adapters of such a padded rank at most. */
export function stepBytes(device: Device, config: LlamaConfig, positions: number, rank = 0): number {
  const sampling = sampleRowBytes(config.vocabularySize, mostSteps) + mostSteps * resultWords * 4;
  return decodeRowBytes(device, config, { positions, rank }) + sampling + 3 * 4; // the id and the place
}

/** What steps of all slots work with, beside the cache. */
type RowMemory = Pick<RunResources, "space" | "sampling" | "staging" | "ids" | "places">;

/** Computes logits after sequences that lie in slots. Calls must not overlap: await each. */
export class Decoder {
  readonly slots: number;
  readonly positions: number;
  readonly #stream: Stream;
  #space: Workspace;
  #rows: RowMemory;
  readonly #layers: readonly LayerCache[];
  /** The slot and the positions of a chunk's tokens. */
  readonly #chunkPlaces: Tensor;

  /** Device, base and adapters stay the caller's. Errors: more positions than the model has. */
  constructor(readonly device: Device, readonly base: BaseWeights, size: DecoderSize) {
    const { slots, positions, cacheBits = defaultCacheBits } = size;
    const { config } = base;
    const { tokens, reason } = sequenceLimit(config);
    if (positions > tokens) {
      throw new RangeError(`the model has ${reason}, ${positions} were asked for`);
    }
    [this.slots, this.positions] = [slots, positions];
    this.#stream = new Stream(device);
    this.#space = this.#workspace(0);
    this.#rows = this.#rowMemory();
    const { keyValueHeads, headSize } = config;
    const { shape, dtype } = storedAs([slots, keyValueHeads, slotRoom(positions), headSize], cacheBits);
    const cached = (what: string, layer: number) => createTensor(device, `cached ${what} ${layer}`, shape, dtype);
    this.#layers = base.layers.map((_, i) => ({ keys: cached("keys", i), values: cached("values", i) }));
    this.#chunkPlaces = createTensor(device, "places of a chunk", [Math.min(chunkTokens, positions), 2], "u32");
  }

  #workspace(rank: number): Workspace {
    const tokens = Math.min(chunkTokens, this.positions);
    return createWorkspace(this.device, this.base.config, { tokens, headRows: 1, rank });
  }

  #rowMemory(): RowMemory {
    const { device, slots: rows, base: { config } } = this;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return {
      space: this.#decodeSpace(0),
      sampling: new SampleSpace(device, config.vocabularySize, rows, mostSteps),
      staging: device.createBuffer("sampled, to be read", mostSteps * rows * resultWords * 4, usage),
      ids: createTensor(device, "last ids", [rows], "u32"),
      places: createTensor(device, "places", [rows, 2], "u32"),
    };
  }

  #decodeSpace(rank: number): DecodeSpace {
    return createDecodeSpace(this.device, this.base.config, { rows: this.slots, positions: this.positions, rank });
  }

  #closeRows(): void {
    const { space, sampling, staging, ids, places } = this.#rows;
    space.close();
    sampling.close();
    this.device.destroyBuffer(staging);
    destroyTensors(this.device, [ids, places]);
  }

  /** Makes room for an adapter's rank, if there is not enough. */
  #reserve(lora: Lora | undefined): void {
    const rank = lora ? paddedRank(lora.settings) : 0;
    if (rank <= this.#space.size.rank) return;
    this.#space.close();
    this.#stream.forget();
    this.#space = this.#workspace(rank);
    this.#rows.space.close();
    this.#rows = { ...this.#rows, space: this.#decodeSpace(rank) };
  }

  /** Submits the layers over some ids at positions `used` … of a slot. */
  #run(slot: number, ids: readonly number[], used: number, lora: Lora | undefined): Pass {
    const { base, device } = this;
    this.#expectRoom(used + ids.length);
    this.#reserve(lora);
    this.#stream.flush(); // work recorded earlier reads the ids that are about to be replaced
    const batch = {
      ids: Uint32Array.from(ids),
      positions: Uint32Array.from(ids, (_, i) => used + i),
      starts: new Uint32Array(ids.length), // every token sees the slot from its beginning
      labels: new Int32Array(ids.length).fill(-1),
    };
    const places = firstRows(this.#chunkPlaces, ids.length);
    upload(device, places, Uint32Array.from(ids.flatMap((_, i) => [slot, used + i])));
    const pass: Pass = {
      stream: this.#stream,
      base,
      lora,
      space: this.#space,
      batch: uploadBatch(this.#space, base.config, batch, device),
      cache: { layers: this.#layers, slot, places, used },
    };
    forward(pass);
    return pass;
  }

  /** The logits (V) after the last of these ids. */
  async #logits(pass: Pass): Promise<Float32Array> {
    upload(this.device, this.#space.batch.rows, Uint32Array.of(pass.batch.tokens - 1));
    const logits = headForward(pass, firstRows(this.#space.batch.rows, 1));
    await this.#stream.submit();
    const [values] = await download(this.device, logits);
    return values!.subarray(0, this.base.config.vocabularySize);
  }

  /** Adds ids to a slot that holds `used` tokens, without asking what follows; comes back when the device has it all. */
  async extend(slot: number, ids: readonly number[], used: number, lora?: Lora): Promise<void> {
    for (let begin = 0; begin < ids.length; begin += chunkTokens) {
      this.#run(slot, ids.slice(begin, begin + chunkTokens), used + begin, lora);
      await this.#stream.submit();
    }
  }

  /** Adds ids (one at least) to a slot that holds `used` tokens; gives the logits (V) after the last one. */
  async prefill(slot: number, ids: readonly number[], used: number, lora?: Lora): Promise<Float32Array> {
    const last = Math.floor((ids.length - 1) / chunkTokens) * chunkTokens;
    await this.extend(slot, ids.slice(0, last), used, lora);
    return await this.#logits(this.#run(slot, ids.slice(last), used + last, lora));
  }

  /** Adds a token to each of some slots, which must differ; gives the logits (V) after each, in the order of the rows. */
  async step(rows: readonly DecodeRow[], lora?: Lora): Promise<Float32Array[]> {
    this.#expectRows(rows, 0);
    this.#reserve(lora);
    this.#stream.flush(); // work recorded earlier reads the rows that are about to be replaced
    const resources = this.#resources(lora);
    const [ids, places] = [firstRows(resources.ids, rows.length), firstRows(resources.places, rows.length)];
    upload(this.device, ids, Uint32Array.from(rows, ({ id }) => id));
    upload(this.device, places, Uint32Array.from(rows.flatMap(({ slot, used }) => [slot, used])));
    const longest = Math.max(...rows.map(({ used }) => used + 1));
    const logits = decodeStep({ ...resources, ids, places, step: 0, longest });
    await this.#stream.submit();
    const [values] = await download(this.device, logits);
    const [width, size] = [logits.shape[1]!, this.base.config.vocabularySize];
    return rows.map((_, row) => values!.subarray(row * width, row * width + size));
  }

  /**
   * Lets some slots, which must differ, go on by themselves: see {@linkcode DecodeRun.next}. Each row's id is added to its
   * slot first.
   */
  run(rows: readonly RunRow[], options: RunOptions, lora?: Lora): DecodeRun {
    this.#expectRows(rows, 0);
    this.#reserve(lora);
    return new DecodeRun(rows, options, () => this.#resources(lora));
  }

  #resources(lora: Lora | undefined): RunResources {
    const { base, positions } = this;
    const { rope } = this.#space;
    const { space, ...parts } = this.#rows;
    return { stream: this.#stream, base, lora, space, ...parts, layers: this.#layers, rope, positions };
  }

  /** Errors: rows that have no room for a token and `more` after it, or an id that the model does not have. */
  #expectRows(rows: readonly DecodeRow[], more: number): void {
    const { vocabularySize } = this.base.config;
    for (const { slot, used, id } of rows) {
      if (slot >= this.slots) throw new RangeError(`there are ${this.slots} slots, slot ${slot} was asked for`);
      this.#expectRoom(used + 1 + more);
      if (id >= vocabularySize) {
        throw new RangeError(`token id ${id} is outside the model's vocabulary of ${vocabularySize}`);
      }
    }
  }

  #expectRoom(tokens: number): void {
    if (tokens > this.positions) {
      throw new RangeError(`a slot has ${this.positions} positions, ${tokens} were asked for`);
    }
  }

  /** Makes the first tokens of a slot those of another. */
  copySlot(from: number, to: number, tokens: number): void {
    if (from === to || tokens === 0) return;
    for (const layer of this.#layers) copySlot(this.#stream, layer, from, to, tokens);
  }

  /** Lets go of what was remembered of an adapter; call it before the adapter is closed. */
  forget(): void {
    this.#stream.forget();
  }

  /** Frees the cache and the workspace; base and adapters stay. */
  close(): void {
    this.#stream.close();
    this.#space.close();
    this.#closeRows();
    destroyTensors(this.device, [...this.#layers.flatMap(({ keys, values }) => [keys, values]), this.#chunkPlaces]);
  }
}
