import { expectShape } from "../gpu/check.ts";
import type { Device } from "../gpu/device.ts";
import { compile, type Kernel } from "../gpu/kernel.ts";
import type { Constants } from "../gpu/template.ts";
import { byteProduct, takesBytes } from "./byte_product.ts";
import { variantFor } from "./product_choice.ts";
import type { Into } from "./product_into.ts";
import { sliceLength, splitKOf } from "./split_k.ts";
import { lanesOf, type ProductOp, type ProductVariant } from "./product_variants.ts";
import type { Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { partTensors, type Weight, type WeightPart } from "../weight/weight.ts";
import blockSource from "../weight/weight_block.wgsl" with { type: "text" };
import threadSource from "./product.wgsl" with { type: "text" };
import workgroupSource from "./product_workgroup.wgsl" with { type: "text" };

/** How to compute a product other than by the device's choice. */
export interface ProductOptions {
  readonly variant?: ProductVariant;
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

function kernelOf(
  stream: Stream,
  op: ProductOp,
  variant: ProductVariant,
  { bits }: Weight,
  inner4: number,
  into: Into,
): Kernel {
  const transposed = op === "product_transposed";
  const source = [blockSource, variant.kind === "workgroup" ? workgroupSource : threadSource];
  const step = bits === 4 && !transposed ? 2 : 1;
  return compile(stream.device, { name: op, source, readsBefore: ["y"] }, {
    TRANSPOSED: transposed,
    BITS: bits,
    ADD: into === "add",
    RESIDUAL: typeof into === "object",
    ROWS: variant.rows,
    COLUMNS: variant.columns,
    LANES: lanesOf(stream.device, variant),
    GROUP_ROWS: variant.groupRows,
    ...(variant.kind === "workgroup" ? workgroupConstants(stream.device, variant) : {
      SHUFFLE: variant.kind === "shuffle",
      ROLLED: stream.device.info.software && variant.rows > 4,
      STEP: step,
      TAIL: inner4 % step > 0,
      PAIRS: bits === 4 && (!transposed || variant.columns % 2 === 0),
    }),
  });
}

/** What a tile in workgroup memory is cut into: vectors of x and blocks of W that a thread copies of each chunk. */
function workgroupConstants(device: Device, variant: ProductVariant): Constants {
  const { rows, columns, lanes, groupRows, depth, slices } = variant;
  const threads = lanes * groupRows;
  const blocks = columns * lanes * depth / threads;
  return {
    DEPTH: depth,
    SLICES: slices,
    X_SHARE: rows * groupRows * depth / threads,
    W_SHARE: Math.ceil(blocks),
    PARTIAL: blocks % 1 > 0,
    ROLLED: !device.info.unrolls,
  };
}

function run(
  stream: Stream,
  op: ProductOp,
  x: Tensor,
  weight: Weight,
  y: Tensor,
  into: Into,
  options: ProductOptions,
): void {
  const rows = x.shape[0]!;
  const transposed = op === "product_transposed";
  const { rows: n, columns: k, bits } = weight;
  const [inner, outer] = transposed ? [n, k] : [k, n];
  const variant = options.variant ?? variantFor(stream.device, { op, bits, rows, inner, outer });
  const lanes = lanesOf(stream.device, variant);
  const slices = splitKOf(stream.device);
  weight.parts.forEach((part, i) => {
    const share = shareOf(weight, part, transposed);
    const sliceInner4 = sliceLength(share.inner4, slices);
    const length = variant.slices > 1 ? share.inner4 : sliceInner4;
    for (let firstInner4 = 0; firstInner4 < share.inner4; firstInner4 += length) {
      // The sum over parts, and over the slices of one, is in their order, so it is the same to the bit each time.
      const then: Into = transposed && i > 0 || firstInner4 > 0 ? "add" : into;
      const inner4 = Math.min(share.inner4, firstInner4 + length);
      stream.run(
        kernelOf(stream, op, variant, weight, inner4, then),
        { x, ...partTensors(part), y, ...(typeof then === "object" && { residual: then.residual }) },
        { rows, columns4: weight.columns / 4, ...share, firstInner4, inner4, sliceInner4 },
        [Math.ceil(share.outer4 / (lanes * variant.columns)), Math.ceil(rows / (variant.rows * variant.groupRows))],
        2 * rows * part.rows * k * (inner4 - firstInner4) / share.inner4,
      );
    }
  });
}

/** Columns of a product with a weight of N rows: N padded to a multiple of 4. */
export function paddedRows(weight: Weight): number {
  return Math.ceil(weight.rows / 4) * 4;
}

/** y (T, N) = x (T, K)·Wᵀ for W (N, K). N counts padded to a multiple of 4; padding columns become 0. */
export function product(
  stream: Stream,
  x: Tensor,
  weight: Weight,
  y: Tensor,
  into: Into = "set",
  options: ProductOptions = {},
): void {
  expectShape(`product with ${weight.name}`, x, [-1, weight.columns]);
  expectShape(`product with ${weight.name}`, y, [x.shape[0]!, paddedRows(weight)]);
  if (!options.variant && takesBytes(stream.device, x, weight)) byteProduct(stream, x, weight, y, into);
  else run(stream, "product", x, weight, y, into, options);
}

/** dx (T, K) = dy (T, N)·W for W (N, K): the gradient of {@linkcode product}'s input. Padding columns of dy are ignored if finite. */
export function productTransposed(
  stream: Stream,
  dy: Tensor,
  weight: Weight,
  dx: Tensor,
  into: Into = "set",
  options: ProductOptions = {},
): void {
  expectShape(`transposed product with ${weight.name}`, dy, [-1, paddedRows(weight)]);
  expectShape(`transposed product with ${weight.name}`, dx, [dy.shape[0]!, weight.columns]);
  run(stream, "product_transposed", dy, weight, dx, into, options);
}
