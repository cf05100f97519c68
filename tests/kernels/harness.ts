// Runs every kernel test on the machine's device twice: with subgroup operations and without, since users' devices are of
// both kinds. Random values come from a fixed seed; expectations are computed in float64.
import { createHash } from "node:crypto";
import { Device, openDevice } from "../../kernels/gpu/device.ts";
import { storedAs } from "../../kernels/gpu/half.ts";
import { compiledShaders } from "../../kernels/gpu/kernel.ts";
import { Stream } from "../../kernels/gpu/stream.ts";
import {
  createTensor,
  destroyTensors,
  download,
  reshape,
  type Tensor,
  tensorOf,
  upload,
} from "../../kernels/gpu/tensor.ts";
import { shareGpu } from "./shared_gpu.ts";

shareGpu();

// Tiny dispatches on lavapipe are several times faster without its worker threads.
if (!Deno.env.has("LP_NUM_THREADS")) Deno.env.set("LP_NUM_THREADS", "0");

/** Deterministic normal-like values in about −2 … 2. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }
  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  /** Float32 values as doubles, so that GPU and reference start from the same numbers. */
  values(count: number, scale = 1): Float64Array {
    return Float64Array.from(
      { length: count },
      () => Math.fround((this.next() + this.next() + this.next() - 1.5) * scale),
    );
  }
}

/** What a kernel test works with. Tensors made through it are freed at the end. */
export class Bench {
  readonly stream: Stream;
  readonly #tensors: Tensor[] = [];
  constructor(readonly device: Device) {
    // However small the tensors of a test are, they are read as they would be in a training.
    this.stream = new Stream(device, { leastCopied: 16 });
  }
  tensor(shape: number[], values: ArrayLike<number>): Tensor {
    return this.#keep(tensorOf(this.device, `test ${this.#tensors.length}`, shape, values));
  }
  /** A tensor of NaN-free garbage, so that a kernel that forgets to write is seen. */
  output(shape: number[]): Tensor {
    return this.tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(777));
  }
  indices(values: number[]): Tensor {
    const tensor = this.#keep(createTensor(this.device, `test ${this.#tensors.length}`, [values.length], "u32"));
    upload(this.device, tensor, Uint32Array.from(values));
    return tensor;
  }
  #keep(tensor: Tensor): Tensor {
    this.#tensors.push(tensor);
    return tensor;
  }
  async read(tensor: Tensor): Promise<Float32Array> {
    this.stream.flush();
    const [values] = await download(this.device, tensor);
    return values!;
  }
  close(): void {
    this.stream.close();
    destroyTensors(this.device, this.#tensors);
  }
}

/** The nearest values that float16 has. */
export function halves(values: Float64Array): Float64Array {
  return Float64Array.from(Float16Array.from(values));
}

/** A tensor of values as pairs of float16; they are rounded to it. */
export function halfTensor(bench: Bench, shape: readonly number[], values: Float64Array): Tensor {
  const words = new Uint32Array(Float16Array.from(values).buffer);
  const flat = bench.indices([...words]);
  return reshape(flat, storedAs(shape, 16).shape);
}

/** Keys or values (slots, positions, heads, D) as a cache holds them, (slots, heads, positions, D). */
export function byHead(
  values: Float64Array,
  { positions, heads, headSize }: { readonly positions: number; readonly heads: number; readonly headSize: number },
): Float64Array {
  return values.map((_, i) => {
    const d = i % headSize, position = Math.floor(i / headSize) % positions;
    const row = Math.floor(i / headSize / positions), slot = Math.floor(row / heads);
    return values[((slot * positions + position) * heads + row % heads) * headSize + d]!;
  });
}

/** The values of a tensor of pairs of float16. */
export async function readHalves(bench: Bench, tensor: Tensor): Promise<Float64Array> {
  return Float64Array.from(new Float16Array((await bench.read(tensor)).buffer as ArrayBuffer));
}

/** Ways of opening the machine's device: as it is, without subgroups and texels, or taken for a graphics card. */
export type DeviceKind = "subgroups" | "no subgroups" | "graphics card";

/** The machine's device as if it were a graphics card: it then gets the kernels that those get. */
export function takenForCard({ gpu, info }: Device): Device {
  return new Device(gpu, { ...info, software: false, texels: false });
}

async function openAs(kind: DeviceKind): Promise<Device> {
  const device = await openDevice(kind === "no subgroups" ? { subgroups: false, texels: false } : {});
  return kind === "graphics card" ? takenForCard(device) : device;
}

/** Registers a test for each of these kinds of device. */
export function kernelTest(
  name: string,
  body: (bench: Bench) => Promise<void>,
  kinds: readonly DeviceKind[] = ["subgroups", "no subgroups"],
): void {
  for (const kind of kinds) {
    Deno.test(`${name} (${kind})`, async () => {
      const device = await openAs(kind);
      const bench = new Bench(device);
      try {
        await body(bench);
        device.check();
      } finally {
        bench.close();
        saveShaders(device);
        device.close();
      }
    });
  }
}

/** For kernels whose tiles differ between processors and graphics cards. */
export const everyKind: readonly DeviceKind[] = ["subgroups", "no subgroups", "graphics card"];

/**
 * Writes every shader compiled for a device to a file of the folder that VICUNA_SHADER_FOLDER names, where it is set: they
 * are then compiled by another compiler too (tests/drivers).
 */
export function saveShaders(device: Device): void {
  const folder = Deno.env.get("VICUNA_SHADER_FOLDER");
  if (!folder) return;
  for (const { name, code } of compiledShaders(device)) {
    const digest = createHash("sha256").update(code).digest("hex").slice(0, 16);
    Deno.writeTextFileSync(`${folder}/${name}-${digest}.wgsl`, code);
  }
}

/** Fails unless each value is within `tolerance`·(1 + |wanted|) of the wanted one. */
export function assertClose(
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
  what = "values",
): void {
  if (actual.length < wanted.length) throw new Error(`${what}: wanted ${wanted.length} values, found ${actual.length}`);
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(actual[i]! - wanted[i]!);
    if (!(difference <= tolerance * (1 + Math.abs(wanted[i]!)))) {
      throw new Error(`${what}: element ${i} is ${actual[i]}, wanted ${wanted[i]} (off by ${difference})`);
    }
  }
}

/** The gradient of Σ cotangent·f(x) by central differences in float64. */
export function numericGradient(
  f: (x: Float64Array) => Float64Array,
  x: Float64Array,
  cotangent: Float64Array,
): Float64Array {
  const step = 1e-5;
  const inner = (at: Float64Array) => f(at).reduce((sum, value, i) => sum + value * cotangent[i]!, 0);
  return x.map((_, i) => {
    const above = x.slice(), below = x.slice();
    above[i]! += step;
    below[i]! -= step;
    return (inner(above) - inner(below)) / (2 * step);
  });
}
