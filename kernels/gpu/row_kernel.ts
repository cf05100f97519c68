import type { Device } from "./device.ts";
import { compile, type Kernel, type KernelSource } from "./kernel.ts";
import type { Grid } from "./stream.ts";
import type { Constants } from "./template.ts";
import rowSum from "./row_sum.wgsl" with { type: "text" };

/** Threads that reduce one row together: one subgroup, or 32 where subgroups cannot be used. */
export function rowLanes(device: Device): number {
  return device.info.subgroupSize || 32;
}

/** Compiles a kernel that works row by row in workgroups of {@linkcode rowLanes} threads, with rowSum() and rowMax(). */
export function compileRows(device: Device, kernel: KernelSource, constants: Constants = {}): Kernel {
  const shared = { LANES: rowLanes(device), SUBGROUPS: device.info.subgroupSize > 0 };
  return compile(device, { ...kernel, source: [rowSum, kernel.source].flat() }, { ...shared, ...constants });
}

/** One workgroup a row, folded into two dimensions. */
export function rowGrid(rows: number): Grid {
  const x = Math.min(rows, 65535);
  return [x, Math.ceil(rows / Math.max(1, x))];
}
