import { expectShape } from "./check.ts";
import type { Device } from "./device.ts";
import { compile } from "./kernel.ts";
import type { Stream } from "./stream.ts";
import type { Tensor } from "./tensor.ts";
import type { Weight, WeightPart } from "./weight.ts";
import source from "./product.wgsl" with { type: "text" };

/** What happens to the result: it replaces y, is added to y, or y becomes `residual` + it. */
export type Into = "set" | "add" | { readonly residual: Tensor };

/** How a product is cut into threads: each computes rows × 4·columns outputs. */
interface Tile {
  readonly shuffle: boolean;
  readonly lanes: number;
  readonly groupRows: number;
  readonly rows: number;
  readonly columns: number;
}

/** Large tiles share loads among many rows; few rows (a decode step) want many small threads. */
function chooseTile(device: Device, rows: number): Tile {
  const lanes = device.info.subgroupSize;
  if (rows <= 4 || !lanes || lanes > 32) {
    return { shuffle: false, lanes: lanes || 16, groupRows: rows <= 4 ? 1 : 4, rows: rows <= 1 ? 1 : 4, columns: 1 };
  }
  return { shuffle: true, lanes, groupRows: 2, rows: rows <= lanes ? lanes : Math.max(32, lanes), columns: 2 };
}

/** Where a part's share of a product lies: inner and outer counts, strides and first columns in units of 4. */
interface Share {
  readonly inner4: number;
  readonly outer4: number;
  readonly xStride4: number;
  readonly xFirst4: number;
  readonly yStride4: number;
  readonly yFirst4: number;
}

/** Forward, a part gives some columns of y; transposed, it takes some columns of dy and adds to all of dx. */
function shareOf(weight: Weight, part: WeightPart, transposed: boolean): Share {
  const [rows4, first4, all4] = [part.rows / 4, part.firstRow / 4, paddedRows(weight) / 4];
  const columns4 = weight.columns / 4;
  return transposed
    ? { inner4: rows4, outer4: columns4, xStride4: all4, xFirst4: first4, yStride4: columns4, yFirst4: 0 }
    : { inner4: columns4, outer4: rows4, xStride4: columns4, xFirst4: 0, yStride4: all4, yFirst4: first4 };
}

function runPart(
  stream: Stream,
  x: Tensor,
  weight: Weight,
  part: WeightPart,
  y: Tensor,
  into: Into,
  transposed: boolean,
): void {
  const rows = x.shape[0]!;
  const tile = chooseTile(stream.device, rows);
  const share = shareOf(weight, part, transposed);
  const kernel = compile(stream.device, { name: transposed ? "product_transposed" : "product", source }, {
    TRANSPOSED: transposed,
    BITS: weight.bits,
    ADD: into === "add",
    RESIDUAL: typeof into === "object",
    SHUFFLE: tile.shuffle,
    LANES: tile.lanes,
    GROUP_ROWS: tile.groupRows,
    ROWS: tile.rows,
    COLUMNS: tile.columns,
  });
  stream.run(
    kernel,
    {
      x,
      blocks: part.blocks,
      y,
      ...(part.scales && { scales: part.scales }),
      ...(typeof into === "object" && { residual: into.residual }),
    },
    { rows, blocksPerRow: weight.columns / 4, ...share },
    [Math.ceil(share.outer4 / (tile.lanes * tile.columns)), Math.ceil(rows / (tile.rows * tile.groupRows))],
  );
}

function run(stream: Stream, x: Tensor, weight: Weight, y: Tensor, into: Into, transposed: boolean): void {
  weight.parts.forEach((part, i) =>
    runPart(stream, x, weight, part, y, transposed && i > 0 ? "add" : into, transposed)
  );
}

/** Columns of a product with a weight of N rows: N padded to a multiple of 4. */
export function paddedRows(weight: Weight): number {
  return Math.ceil(weight.rows / 4) * 4;
}

/** y (T, N) = x (T, K)·Wᵀ for W (N, K). N counts padded to a multiple of 4; padding columns become 0. */
export function product(stream: Stream, x: Tensor, weight: Weight, y: Tensor, into: Into = "set"): void {
  expectShape(`product with ${weight.name}`, x, [-1, weight.columns]);
  expectShape(`product with ${weight.name}`, y, [x.shape[0]!, paddedRows(weight)]);
  run(stream, x, weight, y, into, false);
}

/** dx (T, K) = dy (T, N)·W for W (N, K): the gradient of {@linkcode product}'s input. Padding columns of dy are ignored if finite. */
export function productTransposed(stream: Stream, dy: Tensor, weight: Weight, dx: Tensor, into: Into = "set"): void {
  expectShape(`transposed product with ${weight.name}`, dy, [-1, paddedRows(weight)]);
  expectShape(`transposed product with ${weight.name}`, dx, [dy.shape[0]!, weight.columns]);
  run(stream, dy, weight, dx, into, true);
}
