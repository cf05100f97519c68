// The ways a product can be cut into threads, by name. All compute the same sums; which is quickest depends on the device
// and the shape (autotune.ts measures it). Sums, or each slice of one (split_k.ts), are added in the order of the inner
// dimension by all of them.
import type { Device } from "../gpu/device.ts";
import type { WeightBits } from "../weight/weight_layout.ts";
import { splitKOf } from "./split_k.ts";

/** Which of the two products with a frozen weight. */
export type ProductOp = "product" | "product_transposed";

/** A product as far as its speed depends on it. */
export interface ProductShape {
  readonly op: ProductOp;
  readonly bits: WeightBits;
  /** Rows of activations. */
  readonly rows: number;
  /** Length of the sums. */
  readonly inner: number;
  /** Columns of the result. */
  readonly outer: number;
}

/** One way to compute a product. */
export interface ProductVariant {
  /** Kind, and the tile of a thread (`register`, `shuffle`) or of a workgroup (`workgroup`): rows × columns. */
  readonly name: string;
  readonly kind: "register" | "shuffle" | "workgroup";
  /** Rows and columns / 4 of the output that a thread computes. */
  readonly rows: number;
  readonly columns: number;
  /** Threads of a workgroup along the columns; 0: as many as a subgroup has, or 16. */
  readonly lanes: number;
  /** Threads of a workgroup along the rows. */
  readonly groupRows: number;
  /** Steps of 4 along the sum between two barriers; workgroup tiles only. */
  readonly depth: number;
  /** Slices of the sum that a workgroup computes side by side; 1: one after the other. */
  readonly slices: number;
}

/** What only tiles in workgroup memory have. */
const noTile = { lanes: 0, depth: 0, slices: 1 } as const;

function register(rows: number, columns: number, groupRows: number): ProductVariant {
  return { name: `register-${rows}x${columns * 4}`, kind: "register", rows, columns, groupRows, ...noTile };
}

function shuffle(rows: number, columns: number, groupRows: number): ProductVariant {
  return { name: `shuffle-${rows}x${columns * 4}`, kind: "shuffle", rows, columns, groupRows, ...noTile };
}

function workgroup(
  rows: number,
  columns: number,
  lanes: number,
  groupRows: number,
  depth: number,
  slices = 1,
): ProductVariant {
  const name = `workgroup-${rows * groupRows}x${columns * lanes * 4}${slices > 1 ? `x${slices}` : ""}`;
  return { name, kind: "workgroup", rows, columns, lanes, groupRows, depth, slices };
}

const variants: readonly ProductVariant[] = [
  register(1, 1, 1),
  register(4, 1, 4),
  register(8, 2, 4),
  register(16, 2, 2),
  shuffle(8, 2, 2),
  shuffle(16, 2, 2),
  shuffle(32, 2, 2),
  shuffle(16, 4, 2),
  shuffle(32, 4, 2),
  workgroup(4, 1, 8, 8, 4),
  workgroup(8, 2, 8, 8, 4),
  workgroup(8, 2, 16, 8, 4),
  workgroup(8, 2, 16, 16, 4),
  workgroup(4, 1, 8, 8, 4, 2),
  workgroup(8, 2, 8, 8, 4, 2),
  workgroup(4, 1, 8, 8, 4, 4),
  workgroup(8, 2, 8, 8, 2, 4),
];

const byName = new Map(variants.map((variant) => [variant.name, variant]));

/** Threads along the columns of a workgroup on this device. */
export function lanesOf(device: Device, variant: ProductVariant): number {
  return variant.lanes || device.info.subgroupSize || 16;
}

/** Bytes of workgroup memory that product_workgroup.wgsl declares; 0 for the other kinds. */
function tileBytes({ rows, columns, lanes, groupRows, depth, slices }: ProductVariant): number {
  const chunk = rows * groupRows * depth + 4 * depth * (columns * lanes + 2);
  return depth === 0 ? 0 : 16 * (slices * chunk + (slices - 1) * lanes * groupRows * columns);
}

/**
 * Whether a device can run a variant: shuffles need subgroups of a known size that divides the tile's rows; slices of sums
 * side by side are for a device that cuts sums into as many; a tile must fit into workgroup memory.
 */
export function canRun(device: Device, variant: ProductVariant): boolean {
  const lanes = device.info.subgroupSize;
  if (variant.slices > 1 && variant.slices !== splitKOf(device)) return false;
  if (tileBytes(variant) > device.gpu.limits.maxComputeWorkgroupStorageSize) return false;
  return variant.kind !== "shuffle" || (lanes > 0 && variant.rows % lanes === 0);
}

/** The variants that a device can run. */
export function productVariants(device: Device): readonly ProductVariant[] {
  return variants.filter((variant) => canRun(device, variant));
}

/** A variant by name. Errors: unknown, or not for this device. */
export function productVariant(device: Device, name: string): ProductVariant {
  const variant = byName.get(name);
  if (!variant || !canRun(device, variant)) {
    const known = productVariants(device).map(({ name }) => name);
    throw new RangeError(`cannot run product variant ${name} on this device: it has ${known.join(", ")}`);
  }
  return variant;
}

/** A tile that computes slices side by side, then the one that computes them one after the other. */
const tilesFor = (name: string, slices: number) => slices > 1 ? [`${name}x${slices}`, name] : [name];

/**
 * The variant where nothing was measured. Few rows (a decode step) want many small threads. Large tiles share loads among
 * many rows: on a processor the more the better, on a GPU as many as its registers hold.
 */
export function defaultVariant(device: Device, shape: ProductShape): ProductVariant {
  const { op, bits, rows, outer } = shape;
  const { subgroupSize: lanes, software, texels } = device.info;
  const slices = splitKOf(device);
  // Measured on lavapipe. 4-bit blocks come two steps at a time: a tall tile's code is then too long for the processor's
  // cache. Through buffers twice the columns pay where blocks are cheap to unpack and lanes are many.
  const pairs = bits === 4 && op === "product";
  const wide = !texels && lanes >= 16 && outer >= 16 * lanes && bits !== 32 && !pairs;
  const names = rows <= 4
    ? [rows === 1 ? "register-1x4" : "register-4x4"]
    : !software
    ? rows <= 16 ? [] : tilesFor(rows <= 32 ? "workgroup-32x32" : "workgroup-64x64", slices)
    : !lanes
    ? ["register-8x8"]
    : rows <= lanes
    ? [`shuffle-${lanes}x8`]
    : texels && pairs
    ? ["shuffle-16x8"]
    : wide
    ? ["shuffle-32x16", "shuffle-32x8"]
    : ["shuffle-32x8"];
  const variant = [...names, "register-4x4"].map((name) => byName.get(name))
    .find((variant) => variant && canRun(device, variant));
  if (!variant) throw new RangeError("no product variant runs on this device");
  return variant;
}

/**
 * The variants worth measuring for so many rows: a processor has no workgroup memory, so tiles in it do not pay; a graphics card
 * has no registers for shuffles of 32 rows (docs/performance.md).
 */
export function candidateVariants(device: Device, rows: number): readonly ProductVariant[] {
  return productVariants(device).filter((variant) => {
    const tall = variant.rows * (variant.kind === "workgroup" ? variant.groupRows : 1);
    if (tall >= 2 * rows || rows >= 16 * variant.rows && variant.rows === 1) return false;
    return device.info.software
      ? variant.kind !== "workgroup" && !(device.info.subgroupSize && variant.rows === 4)
      : variant.kind !== "shuffle" || variant.rows < 32;
  });
}
