import type { Device } from "./device.ts";
import { compile, type Kernel, type KernelSource } from "./kernel.ts";
import type { Grid } from "./stream.ts";
import type { Constants } from "./template.ts";
import rowSum from "./row_sum.wgsl" with { type: "text" };

/** Threads that reduce one row together: one subgroup, or 32 where subgroups cannot be used. */
export function rowLanes(device: Device): number {
  return device.info.subgroupSize || 32;
}

/**
 * Threads for a row of so many vectors: on a processor {@linkcode rowLanes}, on a graphics card up to 128, since a row for each
 * subgroup would leave it half empty.
 */
export function rowThreads(device: Device, width4: number): number {
  const lanes = rowLanes(device);
  if (device.info.software) return lanes;
  return Math.max(lanes, Math.min(128, 2 ** Math.ceil(Math.log2(Math.max(1, width4)))));
}

/** Compiles a kernel that works row by row in workgroups of so many threads, with rowSum() and rowMax(). */
export function compileRows(
  device: Device,
  kernel: KernelSource,
  constants: Constants = {},
  threads: number = rowLanes(device),
): Kernel {
  const shared = { LANES: threads, SUBGROUPS: device.info.subgroupSize === threads };
  return compile(device, { ...kernel, source: [rowSum, kernel.source].flat() }, { ...shared, ...constants });
}

/** One workgroup a row, folded into two dimensions. */
export function rowGrid(rows: number): Grid {
  const x = Math.min(rows, 65535);
  return [x, Math.ceil(rows / Math.max(1, x))];
}
