import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import { elements, type Tensor } from "../gpu/tensor.ts";
import copySource from "./copy_rows.wgsl" with { type: "text" };
import fillSource from "./fill.wgsl" with { type: "text" };

function copy(stream: Stream, indices: Tensor, x: Tensor, y: Tensor, scatter: boolean): void {
  const rows = indices.shape[0]!;
  const width = elements(x.shape.slice(1));
  expectMultiple("copy rows", "the width", width, 4);
  expectShape("copy rows", scatter ? x : y, [rows, ...x.shape.slice(1)]);
  expectShape("copy rows", y, [-1, ...x.shape.slice(1)]);
  const kernel = compile(stream.device, { name: scatter ? "scatter_rows" : "gather_rows", source: copySource }, {
    SCATTER: scatter,
  });
  stream.run(kernel, { indices, x, y }, { rows, width4: width / 4 }, grid1d(rows * width / 4));
}

/** y[i] = x[indices[i]] for rows of any shape whose size is a multiple of 4. Indices must be within x. */
export function gatherRows(stream: Stream, x: Tensor, indices: Tensor, y: Tensor): void {
  copy(stream, indices, x, y, false);
}

/** y[indices[i]] = x[i]; indices must differ and be within y; other rows of y stay. */
export function scatterRows(stream: Stream, x: Tensor, indices: Tensor, y: Tensor): void {
  copy(stream, indices, x, y, true);
}

/** Every element of y = value. */
export function fill(stream: Stream, y: Tensor, value: number): void {
  const count = elements(y.shape);
  const kernel = compile(stream.device, { name: "fill", source: fillSource });
  stream.run(kernel, { y }, { count, value }, grid1d(count));
}
