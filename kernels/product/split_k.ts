// Split-K: the sums of products are cut into slices, each is summed by itself, and they are added up in their order, so that a
// large graphics card has as many times more to do side by side. It changes the last bits of a result: a device is told by
// whoever knows what was asked for, and never chooses by itself.
import type { Device } from "../gpu/device.ts";

/** Into how many slices sums can be cut. */
export const SPLIT_K = [2, 4] as const;

/** Into how many slices sums are cut; 1: not at all. */
export type SplitK = 1 | typeof SPLIT_K[number];

const chosen = new WeakMap<Device, SplitK>();

/** Sets into how many slices a device cuts the sums of all products from here on; 1 unless set. */
export function setSplitK(device: Device, slices: SplitK): void {
  chosen.set(device, slices);
}

/** Into how many slices a device cuts the sums of products. */
export function splitKOf(device: Device): SplitK {
  return chosen.get(device) ?? 1;
}

/** Steps of 4 in a slice of a sum of `inner4` steps: a multiple of 8, so that no block of a weight is cut. */
export function sliceLength(inner4: number, slices: SplitK): number {
  return Math.ceil(inner4 / slices / 8) * 8;
}
