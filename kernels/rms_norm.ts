import { expectMultiple, expectShape } from "./check.ts";
import { compileRows, rowGrid } from "./row_kernel.ts";
import type { Stream } from "./stream.ts";
import type { Tensor } from "./tensor.ts";
import forward from "./rms_norm.wgsl" with { type: "text" };
import backward from "./rms_norm_backward.wgsl" with { type: "text" };

/** y (T, C) = x / √(mean(x²) + epsilon) · weight (C) (Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467). */
export function rmsNorm(stream: Stream, x: Tensor, weight: Tensor, y: Tensor, epsilon: number): void {
  const [rows, width] = x.shape as [number, number];
  expectMultiple("rms norm", "the width", width, 4);
  expectShape("rms norm", weight, [width]);
  expectShape("rms norm", y, x.shape);
  const kernel = compileRows(stream.device, { name: "rms_norm", source: forward });
  stream.run(kernel, { x, weight, y }, { width4: width / 4, rows, epsilon }, rowGrid(rows));
}

/** dx (T, C) = the gradient of {@linkcode rmsNorm} given dy (T, C); with `add`, dx += it. The weight is frozen. */
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
  const kernel = compileRows(stream.device, { name: "rms_norm_backward", source: backward }, { ADD: add });
  stream.run(kernel, { x, weight, dy, dx }, { width4: width / 4, rows, epsilon }, rowGrid(rows));
}
