// The three products with the small LoRA matrices. A is (R, K); B is kept transposed, (R, N), so that each kernel serves
// both. R is the rank padded to a multiple of 4 with rows that stay zero.
import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import { compileRows, rowGrid, rowLanes } from "../gpu/row_kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import dropoutSource from "./dropout.wgsl" with { type: "text" };
import expandSource from "./lora_expand.wgsl" with { type: "text" };
import outerSource from "./lora_outer.wgsl" with { type: "text" };
import reduceSource from "./lora_reduce.wgsl" with { type: "text" };
import reduceSlicesSource from "./lora_reduce_slices.wgsl" with { type: "text" };
import reduceRowsSource from "./lora_reduce_rows.wgsl" with { type: "text" };

/** Dropout of one module's input in one micro-batch: the mask is a function of these numbers and the element. */
export interface Dropout {
  /** Share of elements dropped, 0 ≤ p < 1. */
  readonly probability: number;
  readonly seed: number;
  /** Counts micro-batches, so that each has its own mask. */
  readonly step: number;
  /** Counts adapted modules. */
  readonly module: number;
}

function dropoutUniforms(dropout: Dropout | undefined): Record<string, number> {
  const { probability, seed, step, module } = dropout ?? { probability: 0, seed: 0, step: 0, module: 0 };
  return {
    seed,
    step,
    adapter: module,
    threshold: Math.round(probability * 2 ** 32),
    keepScale: 1 / (1 - probability),
  };
}

const active = (dropout: Dropout | undefined) => (dropout?.probability ?? 0) > 0;
const withDropout = (source: string, on: boolean) => on ? [dropoutSource, source] : source;

/** h (T, R) = scale · dropout(x) (T, K) · aᵀ, a (R, K). R a multiple of 4. */
export function loraReduce(stream: Stream, x: Tensor, a: Tensor, h: Tensor, scale: number, dropout?: Dropout): void {
  const [rows, width] = x.shape as [number, number];
  const rank = a.shape[0]!;
  expectMultiple("lora reduce", "the padded rank", rank, 4);
  expectShape("lora reduce", a, [rank, width]);
  expectShape("lora reduce", h, [rows, rank]);
  const uniforms = { rows, width4: width / 4, scale, ...dropoutUniforms(dropout) };
  const { subgroupSize: lanes, software } = stream.device.info;
  if (!software) return reduceSlices(stream, { x, a, h }, uniforms, dropout);
  if (lanes && rows > 4 * lanes) {
    const source = withDropout(reduceRowsSource, active(dropout));
    const own = 2;
    const ahead = [4, 2, 1].find((n) => n * rank <= lanes && width / 4 % n === 0) ?? 1;
    const constants = { LANES: lanes, RANK: rank, OWN: own, AHEAD: ahead, DROPOUT: active(dropout) };
    const kernel = compile(stream.device, { name: "lora_reduce_rows", source }, constants);
    return stream.run(kernel, { x, a, h }, uniforms, rowGrid(Math.ceil(rows / lanes / own)));
  }
  const tile = rank <= 16 ? 4 : 1;
  const source = withDropout(reduceSource, active(dropout));
  const kernel = compileRows(stream.device, { name: "lora_reduce", source }, {
    RANK: rank,
    TILE: tile,
    DROPOUT: active(dropout),
  });
  stream.run(kernel, { x, a, h }, uniforms, rowGrid(Math.ceil(rows / tile)));
}

/** The same on a graphics card: 32 of a workgroup's 128 threads share a row, each a slice of its columns. */
function reduceSlices(
  stream: Stream,
  tensors: { readonly x: Tensor; readonly a: Tensor; readonly h: Tensor },
  uniforms: Readonly<Record<string, number>>,
  dropout: Dropout | undefined,
): void {
  const [rows, rank] = tensors.h.shape as [number, number];
  const source = withDropout(reduceSlicesSource, active(dropout));
  const kernel = compile(stream.device, { name: "lora_reduce_slices", source }, {
    TILE: 4,
    SLICES: 32,
    RANK: rank,
    // As many sums as a thread has room for.
    RANKS: [16, 12, 8, 4].find((ranks) => rank % ranks === 0)!,
    DROPOUT: active(dropout),
  });
  stream.run(kernel, tensors, uniforms, rowGrid(Math.ceil(rows / 4)));
}

/** y (T, N) += scale · h (T, R) · b (R, N), each element times its dropout factor where `dropout` is given. */
export function loraExpand(stream: Stream, h: Tensor, b: Tensor, y: Tensor, scale: number, dropout?: Dropout): void {
  const [rows, rank] = h.shape as [number, number];
  const width = y.shape[1]!;
  expectMultiple("lora expand", "the padded rank", rank, 4);
  expectShape("lora expand", b, [rank, width]);
  expectShape("lora expand", y, [rows, width]);
  const lanes = rowLanes(stream.device);
  const shuffle = stream.device.info.subgroupSize > 0;
  // A processor saves loads with one row a lane; a graphics card would spill so many sums.
  const tile = !shuffle ? 4 : stream.device.info.software ? Math.max(16, lanes) : 16;
  const source = withDropout(expandSource, active(dropout));
  const constants = { LANES: lanes, TILE: tile, SHUFFLE: shuffle, DROPOUT: active(dropout) };
  const kernel = compile(stream.device, { name: "lora_expand", source, readsBefore: ["y"] }, constants);
  const uniforms = { rows, width4: width / 4, rank4: rank / 4, scale, ...dropoutUniforms(dropout) };
  stream.run(kernel, { h, b, y }, uniforms, [Math.ceil(width / 4 / lanes), Math.ceil(rows / tile)]);
}

/** g (R, K) += scale · hᵀ · dropout(x), for h (T, R) and x (T, K): the gradient of A, or of B with x the output's gradient. */
export function loraOuter(stream: Stream, h: Tensor, x: Tensor, g: Tensor, scale: number, dropout?: Dropout): void {
  const [rows, rank] = h.shape as [number, number];
  const width = x.shape[1]!;
  expectMultiple("lora outer", "the padded rank", rank, 4);
  expectShape("lora outer", x, [rows, width]);
  expectShape("lora outer", g, [rank, width]);
  const quads = [4, 3, 2, 1].find((n) => rank / 4 % n === 0)!;
  const lanes = rowLanes(stream.device);
  const shuffle = stream.device.info.subgroupSize > 0;
  const source = withDropout(outerSource, active(dropout));
  const constants = {
    LANES: lanes,
    QUADS: quads,
    AHEAD: shuffle ? Math.min(8, lanes) : 1,
    SHUFFLE: shuffle,
    DROPOUT: active(dropout),
  };
  const kernel = compile(stream.device, { name: "lora_outer", source }, constants);
  const uniforms = { rows, width4: width / 4, rank4: rank / 4, scale, ...dropoutUniforms(dropout) };
  stream.run(kernel, { h, x, g }, uniforms, [Math.ceil(width / 4 / lanes), rank / 4 / quads]);
}
