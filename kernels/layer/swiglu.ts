import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import forward from "./swiglu.wgsl" with { type: "text" };
import backward from "./swiglu_backward.wgsl" with { type: "text" };

/** y (T, F) = silu(gate)·up, for gate and up (T, F). */
export function swiglu(stream: Stream, gate: Tensor, up: Tensor, y: Tensor): void {
  const [rows, width] = gate.shape as [number, number];
  expectMultiple("swiglu", "the width", width, 4);
  expectShape("swiglu", up, gate.shape);
  expectShape("swiglu", y, gate.shape);
  const kernel = compile(stream.device, { name: "swiglu", source: forward });
  stream.run(kernel, { gate, up, y }, { count4: rows * width / 4 }, grid1d(rows * width / 4));
}

/** Replaces gate and up (T, F) by their gradients, given dy (T, F). */
export function swigluBackward(stream: Stream, dy: Tensor, gate: Tensor, up: Tensor): void {
  const [rows, width] = gate.shape as [number, number];
  expectShape("swiglu backward", dy, gate.shape);
  expectShape("swiglu backward", up, gate.shape);
  const kernel = compile(stream.device, { name: "swiglu_backward", source: backward, readsBefore: ["gate", "up"] });
  stream.run(kernel, { dy, gate, up }, { count4: rows * width / 4 }, grid1d(rows * width / 4));
}
