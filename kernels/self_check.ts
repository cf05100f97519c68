// A quick test of the device at hand: some drivers compile a kernel and compute something else. Each of the kernels that
// have most to go wrong runs on a small case with remainders, and is compared with float64 on the processor.
import { attention } from "./attention.ts";
import { crossEntropy } from "./cross_entropy.ts";
import { decodeAttention } from "./decode_attention.ts";
import { decodeProduct } from "./decode_product.ts";
import type { Device } from "./device.ts";
import { product, productTransposed } from "./product.ts";
import { rmsNorm } from "./rms_norm.ts";
import { Stream } from "./stream.ts";
import { createTensor, destroyTensors, download, reshape, type Tensor, tensorOf, upload } from "./tensor.ts";
import { type WeightBits, weightOf, weightTensors } from "./weight.ts";
import { weightGradient } from "./weight_gradient.ts";
import { blockRows, packRows, unpackRows } from "./weight_pack.ts";

/** The outcome of one check. */
export interface SelfCheck {
  readonly name: string;
  /** Largest difference from float64, relative to 1 + |wanted|. */
  readonly error: number;
  readonly passed: boolean;
}

/** What each check may be off by: float32 sums of this length are well within. */
const tolerance = 1e-4;

/** Deterministic values in −1 … 1. */
function values(count: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: count },
    (_, i) => Math.fround(Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453 % 1),
  );
}

function worst(found: Float32Array, wanted: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < wanted.length; i++) {
    const error = Math.abs(found[i]! - wanted[i]!) / (1 + Math.abs(wanted[i]!));
    most = Number.isNaN(error) ? Infinity : Math.max(most, error);
  }
  return most;
}

type Make = (shape: number[], data?: ArrayLike<number>) => Tensor;

function productCases(device: Device, stream: Stream, make: Make, keep: (tensor: Tensor) => void, bits: WeightBits) {
  const [m, n, k] = [37, 44, 68];
  const [x, dy, w] = [values(m * k, 1), values(m * n, 2), values(n * k, 3)];
  const weight = weightOf(device, "self-check weight", w, n, k, bits);
  weightTensors(weight).forEach(keep);
  const stored = unpackRows(packRows(w, n, k, bits), n, k, bits);
  const at = (row: number, column: number) => stored[row * k + column]!;
  const [y, few, dx] = [make([m, n]), make([m, n]), make([m, k])];
  const input = make([m, k], x);
  product(stream, input, weight, y);
  decodeProduct(stream, input, weight, few);
  productTransposed(stream, make([m, n], dy), weight, dx);
  const sum = (count: number, term: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => term(i)).reduce((a, b) => a + b);
  const forward = Array.from({ length: m * n }, (_, i) => sum(k, (p) => x[Math.floor(i / n) * k + p]! * at(i % n, p)));
  const backward = Array.from(
    { length: m * k },
    (_, i) => sum(n, (p) => dy[Math.floor(i / k) * n + p]! * at(p, i % k)),
  );
  return [{ name: `${bits}-bit product`, tensor: y, wanted: forward }, {
    name: `${bits}-bit product of decoding`,
    tensor: few,
    wanted: forward,
  }, {
    name: `${bits}-bit product, transposed`,
    tensor: dx,
    wanted: backward,
  }];
}

function weightGradientCase(device: Device, stream: Stream, make: Make, keep: (tensor: Tensor) => void) {
  const [t, n, k] = [21, 44, 68];
  const [x, dy, before] = [values(t * k, 10), values(t * n, 11), values(n * k, 12)];
  const gradient = weightOf(device, "self-check gradient", before, n, k, 32);
  weightTensors(gradient).forEach(keep);
  weightGradient(stream, make([t, n], dy), make([t, k], x), gradient);
  const wanted = before.map((value, i) => {
    let sum = value;
    for (let p = 0; p < t; p++) sum += dy[p * n + Math.floor(i / k)]! * x[p * k + i % k]!;
    return sum;
  });
  return { name: "gradient of a weight", tensor: gradient.parts[0]!.blocks, wanted: [...blockRows(wanted, n, k)] };
}

function attentionCases(stream: Stream, make: Make, starts: Tensor, lastPlace: Tensor) {
  const [tokens, headSize] = [19, 8];
  const [q, k, v] = [values(tokens * headSize, 4), values(tokens * headSize, 5), values(tokens * headSize, 6)];
  const shape = [tokens, 1, headSize];
  const [y, last] = [make(shape), make([1, 1, headSize])];
  const [keys, cachedValues] = [make(shape, k), make(shape, v)];
  attention(stream, { q: make(shape, q), k: keys, v: cachedValues, starts }, y, make([tokens, 1, 2]));
  const slot = (x: Tensor) => reshape(x, [1, 1, tokens, headSize]); // with one head the same as a slot of a cache
  const cache = { keys: slot(keys), values: slot(cachedValues), places: reshape(lastPlace, [1, 2]), step: 0 };
  const query = make([1, 1, headSize], q.subarray(-headSize));
  decodeAttention(stream, query, cache, last, { longest: tokens, chunk: tokens });
  const wanted = Array.from({ length: tokens }, (_, t) => {
    const scores = Array.from({ length: t + 1 }, (_, s) => {
      let dot = 0;
      for (let d = 0; d < headSize; d++) dot += q[t * headSize + d]! * k[s * headSize + d]!;
      return Math.exp(dot / Math.sqrt(headSize));
    });
    const total = scores.reduce((a, b) => a + b);
    return Array.from(
      { length: headSize },
      (_, d) => scores.reduce((sum, p, s) => sum + p / total * v[s * headSize + d]!, 0),
    );
  }).flat();
  return [
    { name: "attention", tensor: y, wanted },
    { name: "attention of decoding", tensor: last, wanted: wanted.slice(-headSize) },
  ];
}

/** Runs the checks; takes about a second. */
export async function selfCheck(device: Device): Promise<SelfCheck[]> {
  const stream = new Stream(device);
  const made: Tensor[] = [];
  const keep = (tensor: Tensor) => void made.push(tensor);
  const make: Make = (shape, data) => {
    const tensor = data ? tensorOf(device, "self-check", shape, data) : createTensor(device, "self-check", shape);
    keep(tensor);
    return tensor;
  };
  const indices = (numbers: number[]) => {
    const tensor = createTensor(device, "self-check", [numbers.length], "u32");
    keep(tensor);
    upload(device, tensor, Uint32Array.from(numbers));
    return tensor;
  };
  try {
    const cases: { name: string; tensor: Tensor; wanted: number[] }[] = ([8, 4] as const).flatMap((bits) =>
      productCases(device, stream, make, keep, bits)
    );
    cases.push(weightGradientCase(device, stream, make, keep));
    cases.push(...attentionCases(stream, make, indices(Array(19).fill(0)), indices([0, 18])));

    const [x, weight, normed] = [values(3 * 20, 7), values(20, 8), make([3, 20])];
    rmsNorm(stream, make([3, 20], x), make([20], weight), normed, 1e-5);
    const mean = (row: number) =>
      x.subarray(row * 20, row * 20 + 20).reduce((sum, value) => sum + value * value, 0) / 20;
    cases.push({
      name: "rms norm",
      tensor: normed,
      wanted: Array.from(x, (v, i) => v / Math.sqrt(mean(Math.floor(i / 20)) + 1e-5) * weight[i % 20]!),
    });

    const [logits, losses] = [values(2 * 64, 9), make([2])];
    crossEntropy(stream, make([2, 64], logits), indices([60, 3]), losses, 61);
    const loss = (row: number, label: number) =>
      Math.log(logits.subarray(row * 64, row * 64 + 61).reduce((sum, value) => sum + Math.exp(value), 0)) -
      logits[row * 64 + label]!;
    cases.push({ name: "cross entropy", tensor: losses, wanted: [loss(0, 60), loss(1, 3)] });

    stream.flush();
    const found = await download(device, ...cases.map(({ tensor }) => tensor));
    return cases.map(({ name, wanted }, i) => {
      const error = worst(found[i]!, wanted);
      return { name, error, passed: error < tolerance };
    });
  } finally {
    stream.close();
    destroyTensors(device, made);
  }
}
