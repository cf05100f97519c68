import { expectMultiple, expectShape } from "../gpu/check.ts";
import type { Device } from "../gpu/device.ts";
import { compile } from "../gpu/kernel.ts";
import { compileRows, rowGrid, rowThreads } from "../gpu/row_kernel.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import forward from "./rms_norm.wgsl" with { type: "text" };
import backward from "./rms_norm_backward.wgsl" with { type: "text" };
import weightGradient from "./rms_norm_weight_gradient.wgsl" with { type: "text" };
import sumRows from "./sum_rows.wgsl" with { type: "text" };

/** How rows are given to workgroups: a processor saves loads with several rows at once, a GPU rather runs more groups. */
function rowTile(device: Device, rows: number, width: number): { ROWS: number; KEPT: number; LANES: number } {
  const threads = rowThreads(device, width / 4);
  const vectors = width / 4 / threads;
  return {
    LANES: threads,
    ROWS: device.info.software && rows >= 4 ? 4 : 1,
    KEPT: Number.isInteger(vectors) && vectors <= 16 ? vectors : 0,
  };
}

/** y (T, C) = x / √(mean(x²) + epsilon) · weight (C) (Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467). */
export function rmsNorm(stream: Stream, x: Tensor, weight: Tensor, y: Tensor, epsilon: number): void {
  const [rows, width] = x.shape as [number, number];
  expectMultiple("rms norm", "the width", width, 4);
  expectShape("rms norm", weight, [width]);
  expectShape("rms norm", y, x.shape);
  const tile = rowTile(stream.device, rows, width);
  const kernel = compileRows(stream.device, { name: "rms_norm", source: forward }, tile, tile.LANES);
  stream.run(kernel, { x, weight, y }, { width4: width / 4, rows, epsilon }, rowGrid(Math.ceil(rows / tile.ROWS)));
}

/** dx (T, C) = the gradient of {@linkcode rmsNorm} given dy (T, C); with `add`, dx += it. For that of the weight see {@linkcode rmsNormWeightGradient}. */
export function rmsNormBackward(
  stream: Stream,
  x: Tensor,
  weight: Tensor,
  dy: Tensor,
  dx: Tensor,
  epsilon: number,
  add: boolean,
): void {
  const [rows, width] = x.shape as [number, number];
  expectShape("rms norm backward", dy, x.shape);
  expectShape("rms norm backward", dx, x.shape);
  const tile = rowTile(stream.device, rows, width);
  const source = { name: "rms_norm_backward", source: backward, readsBefore: ["dx"] };
  const kernel = compileRows(stream.device, source, { ...tile, ADD: add }, tile.LANES);
  stream.run(kernel, { x, weight, dy, dx }, { width4: width / 4, rows, epsilon }, rowGrid(Math.ceil(rows / tile.ROWS)));
}

/** Rows that the gradient of a norm's weight needs for its partial sums. */
export const normGradientRows = 32;

/**
 * gradient (C) += the gradient of {@linkcode rmsNorm}'s weight given dy (T, C). `partials` is
 * ({@linkcode normGradientRows}, C) of working memory. Summed in a fixed order.
 */
export function rmsNormWeightGradient(
  stream: Stream,
  x: Tensor,
  dy: Tensor,
  partials: Tensor,
  gradient: Tensor,
  epsilon: number,
): void {
  const [rows, width] = x.shape as [number, number];
  expectShape("rms norm weight gradient", dy, x.shape);
  expectShape("rms norm weight gradient", gradient, [width]);
  expectShape("rms norm weight gradient", partials, [normGradientRows, width]);
  const stretch = Math.ceil(rows / normGradientRows);
  const stretches = Math.ceil(rows / stretch);
  const width4 = width / 4;
  const kernel = compileRows(
    stream.device,
    { name: "rms_norm_weight_gradient", source: weightGradient },
    {},
    rowThreads(stream.device, width / 4),
  );
  stream.run(kernel, { x, dy, partials }, { width4, rows, stretch, epsilon }, [stretches]);
  const sum = compile(stream.device, { name: "sum_rows", source: sumRows });
  stream.run(sum, { x: partials, y: gradient }, { rows: stretches, width4 }, grid1d(width4));
}
