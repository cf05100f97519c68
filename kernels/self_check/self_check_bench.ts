// What the checks of the self-check are made with: tensors of deterministic values that are freed together.
import type { Device } from "../gpu/device.ts";
import { Stream } from "../gpu/stream.ts";
import { createTensor, destroyTensors, type Tensor, tensorOf, upload } from "../gpu/tensor.ts";
import { freezeWeight, type Weight, type WeightBits, weightOf, weightTensors } from "../weight/weight.ts";
import { packRows, unpackRows } from "../weight/weight_pack.ts";

/** A tensor that kernels have computed, and what should be in it by float64. */
export interface CheckCase {
  readonly name: string;
  readonly tensor: Tensor;
  readonly wanted: ArrayLike<number>;
}

/** The sum of `term` over 0 … count − 1. */
export function sum(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}

/** A list of rows × columns values, row by row. */
export function table(rows: number, columns: number, value: (row: number, column: number) => number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, i) => value(Math.floor(i / columns), i % columns));
}

/** Makes what the checks need. */
export class CheckBench {
  readonly stream: Stream;
  readonly #made: Tensor[] = [];
  readonly #owned: Disposable[] = [];

  constructor(readonly device: Device) {
    // However small the tensors are, kernels read them as they do in a training: the same code is checked, and compiled once.
    this.stream = new Stream(device, { leastCopied: 16 });
  }

  #keep(tensor: Tensor): Tensor {
    this.#made.push(tensor);
    return tensor;
  }

  /** A tensor of these values, or zeros. */
  tensor(shape: readonly number[], data?: ArrayLike<number>): Tensor {
    return this.#keep(
      data ? tensorOf(this.device, "self-check", shape, data) : createTensor(this.device, "self-check", shape),
    );
  }

  /** A list of whole numbers. */
  indices(numbers: readonly number[]): Tensor {
    const tensor = this.#keep(createTensor(this.device, "self-check", [numbers.length], "u32"));
    upload(this.device, tensor, Uint32Array.from(numbers));
    return tensor;
  }

  /** A frozen weight (rows, columns), and its values as they are stored. With `maxBytes` it lies in several parts. */
  weight(
    data: Float32Array,
    rows: number,
    columns: number,
    bits: WeightBits,
    maxBytes?: number,
  ): { readonly weight: Weight; readonly stored: ArrayLike<number> } {
    const loose = weightOf(this.device, "self-check weight", data, rows, columns, bits, maxBytes);
    const weight = freezeWeight(this.device, loose);
    weightTensors(weight).forEach((tensor) => this.#keep(tensor));
    return { weight, stored: unpackRows(packRows(data, rows, columns, bits), rows, columns, bits) };
  }

  /** A float32 weight (rows, columns) that kernels write to. */
  gradient(data: Float32Array, rows: number, columns: number): Weight {
    const weight = weightOf(this.device, "self-check gradient", data, rows, columns, 32);
    weightTensors(weight).forEach((tensor) => this.#keep(tensor));
    return weight;
  }

  /** Lets something live as long as the bench. */
  own(thing: Disposable): void {
    this.#owned.push(thing);
  }

  /** Frees everything. */
  close(): void {
    this.stream.close();
    for (const thing of this.#owned) thing[Symbol.dispose]();
    destroyTensors(this.device, this.#made);
  }
}
