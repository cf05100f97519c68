import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import source from "./add_bias.wgsl" with { type: "text" };
import sumRows from "./sum_rows.wgsl" with { type: "text" };

/** Adds bias (N) to every row of y (T, N). The gradient of y is that of what it was before. */
export function addBias(stream: Stream, bias: Tensor, y: Tensor): void {
  const [rows, width] = y.shape as [number, number];
  expectMultiple("bias", "the width", width, 4);
  expectShape("bias", bias, [width]);
  const kernel = compile(stream.device, { name: "add_bias", source, readsBefore: ["y"] });
  const count4 = rows * width / 4;
  stream.run(kernel, { bias, y }, { count4, width4: width / 4 }, grid1d(count4));
}

/** gradient (N) += the gradient of {@linkcode addBias}'s bias given dy (T, N). Summed in a fixed order. */
export function biasGradient(stream: Stream, dy: Tensor, gradient: Tensor): void {
  const [rows, width] = dy.shape as [number, number];
  expectShape("bias gradient", gradient, [width]);
  const kernel = compile(stream.device, { name: "sum_rows", source: sumRows });
  stream.run(kernel, { x: dy, y: gradient }, { rows, width4: width / 4 }, grid1d(width / 4));
}
