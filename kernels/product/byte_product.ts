// Products of bytes by bytes: activations are rounded to 8 bits before they meet the weights. It changes a result by more than last
// bits: a device is told by whoever knows what was asked for, and gets the memory for it then.
import type { Device } from "../gpu/device.ts";
import { compile } from "../gpu/kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import { createTensor, destroyTensors, type Tensor } from "../gpu/tensor.ts";
import { partTensors, type Weight } from "../weight/weight.ts";
import productSource from "./byte_product.wgsl" with { type: "text" };
import type { Into } from "./product_into.ts";
import quantizeSource from "./quantize_rows.wgsl" with { type: "text" };

/** Columns that share a scale. */
const GROUP = 64;

/** The tile of a workgroup: each thread computes ROWS rows × 4·COLUMNS columns. */
const tile = { ROWS: 4, COLUMNS: 2, LANES: 8, GROUP_ROWS: 16 } as const;

/** Where activations lie as bytes. */
interface Scratch {
  readonly codes: Tensor;
  readonly steps: Tensor;
}

const scratches = new WeakMap<Device, Scratch>();

const groupsOf = (columns: number) => Math.ceil(columns / GROUP);

/** Shapes of the scratch for so many rows of so many columns at most. */
function shapes(
  rows: number,
  columns: number,
): { readonly codes: readonly number[]; readonly steps: readonly number[] } {
  return { codes: [rows, groupsOf(columns) * GROUP / 4], steps: [rows, groupsOf(columns)] };
}

/** Bytes of device memory that {@linkcode useByteProducts} takes. */
export function byteProductBytes(rows: number, columns: number): number {
  return Object.values(shapes(rows, columns)).reduce((sum, [rows, width]) => sum + 4 * rows! * width!, 0);
}

/**
 * Lets a device compute x·Wᵀ for every W of 8 bits by bytes from here on, for x of so many rows and columns at most; larger
 * ones are computed in float32.
 *
 * @return gives the memory back, after which all are computed in float32 again
 */
export function useByteProducts(device: Device, rows: number, columns: number): Disposable {
  const { codes, steps } = shapes(rows, columns);
  const scratch = {
    codes: createTensor(device, "activations as bytes", codes, "u32"),
    steps: createTensor(device, "their scales", steps),
  };
  scratches.set(device, scratch);
  return {
    [Symbol.dispose]() {
      scratches.delete(device);
      destroyTensors(device, [scratch.codes, scratch.steps]);
    },
  };
}

/** Whether a device computes this product by bytes. */
export function takesBytes(device: Device, x: Tensor, weight: Weight): boolean {
  const scratch = scratches.get(device);
  if (scratch === undefined || weight.bits !== 8) return false;
  const [rows, columns] = x.shape as [number, number];
  return rows * groupsOf(columns) <= scratch.steps.shape[0]! * scratch.steps.shape[1]!;
}

/** y (T, N) = x (T, K)·Wᵀ by bytes. The shapes are the caller's to check; the device takes bytes. */
export function byteProduct(stream: Stream, x: Tensor, weight: Weight, y: Tensor, into: Into): void {
  const { device } = stream;
  const { codes, steps } = scratches.get(device)!;
  const [rows, columns] = x.shape as [number, number];
  const groups = groupsOf(columns);
  stream.run(
    compile(device, { name: "quantize_rows", source: quantizeSource }, { GROUP }),
    { x, codes, steps },
    { columns4: columns / 4, groups },
    [Math.ceil(groups / 32), rows],
  );
  const threads = tile.LANES * tile.GROUP_ROWS;
  const kernel = compile(device, { name: "byte_product", source: productSource, readsBefore: ["y"] }, {
    ...tile,
    GROUP,
    X_SHARE: tile.ROWS * tile.GROUP_ROWS * GROUP / 16 / threads,
    W_SHARE: tile.COLUMNS * tile.LANES * GROUP / 4 / threads,
    ROLLED: !device.info.unrolls,
    ADD: into === "add",
    RESIDUAL: typeof into === "object",
  });
  for (const part of weight.parts) {
    stream.run(
      kernel,
      { codes, steps, ...partTensors(part), y, ...(typeof into === "object" && { residual: into.residual }) },
      {
        rows,
        groups,
        outer4: part.rows / 4,
        columns4: columns / 4,
        yStride4: y.shape[1]! / 4,
        yFirst4: part.firstRow / 4,
      },
      [Math.ceil(part.rows / 4 / (tile.COLUMNS * tile.LANES)), Math.ceil(rows / (tile.ROWS * tile.GROUP_ROWS))],
      2 * rows * part.rows * columns,
    );
  }
}
