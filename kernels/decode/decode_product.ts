import { expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import { paddedRows } from "../product/product.ts";
import { rowLanes } from "../gpu/row_kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { partTensors, type Weight } from "../weight/weight.ts";
import blockSource from "../weight/weight_block.wgsl" with { type: "text" };
import rowSum from "../gpu/row_sum.wgsl" with { type: "text" };
import storeSource from "./decode_product_store.wgsl" with { type: "text" };
import acrossSource from "./decode_product.wgsl" with { type: "text" };
import sumsSource from "./decode_product_sums.wgsl" with { type: "text" };

/** What becomes of the result: it is y, or y is `residual` + it, or y is silu(`gate`) · it. Both are of y's shape. */
export type DecodeInto = "set" | { readonly residual: Tensor } | { readonly gate: Tensor };

/** The kernels: lanes that own columns, for processors, and lanes that walk along a sum together. */
const kernels = {
  across: { name: "decode_product", source: [blockSource, storeSource, acrossSource] },
  sums: { name: "decode_product_sums", source: [blockSource, storeSource, rowSum, sumsSource] },
} as const;

/** Rows that share the loads of a weight: more cost registers and gain little. A power of two. */
const mostRows = 8;

/** The other operand of {@linkcode DecodeInto} and its name in the shaders. */
function operand(into: DecodeInto): { readonly name: "set" | "residual" | "gate"; readonly other?: Tensor } {
  if (into === "set") return { name: into };
  return "gate" in into ? { name: "gate", other: into.gate } : { name: "residual", other: into.residual };
}

/**
 * y (B, N) = x (B, K)·Wᵀ for the few rows of a decode step. N counts padded to a multiple of 4. A row's result is the same
 * to the bit whatever the other rows are and however many; on a software device it is also that of `product`.
 */
export function decodeProduct(stream: Stream, x: Tensor, weight: Weight, y: Tensor, into: DecodeInto = "set"): void {
  const rows = x.shape[0]!;
  const { name, other } = operand(into);
  expectShape(`decode product with ${weight.name}`, x, [-1, weight.columns]);
  expectShape(`decode product with ${weight.name}`, y, [rows, paddedRows(weight)]);
  if (other) expectShape(`decode product with ${weight.name}`, other, y.shape);
  const { subgroupSize, software } = stream.device.info;
  const across = software && subgroupSize > 0;
  const lanes = rowLanes(stream.device);
  const most = across ? Math.min(mostRows, lanes / 2) : mostRows;
  const tile = { ROWS: Math.min(most, 2 ** Math.ceil(Math.log2(rows))), COLUMNS: 2 };
  const kernel = compile(stream.device, across ? kernels.across : kernels.sums, {
    ...tile,
    STEPS: lanes / tile.ROWS,
    LANES: lanes,
    SUBGROUPS: subgroupSize > 0,
    BITS: weight.bits,
    INTO: name,
  });
  for (const part of weight.parts) {
    stream.run(
      kernel,
      { x, y, ...partTensors(part), ...(other && { other }) },
      {
        rows,
        columns4: weight.columns / 4,
        outer4: part.rows / 4,
        yStride4: paddedRows(weight) / 4,
        yFirst4: part.firstRow / 4,
      },
      [Math.ceil(part.rows / 4 / (tile.COLUMNS * (across ? lanes : 1))), Math.ceil(rows / tile.ROWS)],
    );
  }
}
