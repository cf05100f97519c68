// Timestamps are ticks of the device's own clock: Deno does not apply the period that the driver gives, though WebGPU
// speaks of nanoseconds. So they are compared with the wall clock.
import type { Device } from "./device.ts";

/** A timestamp of the device, and the times in ms between which it was taken. */
export interface Mark {
  readonly ticks: bigint;
  readonly before: number;
  readonly after: number;
}

/** The span that is measured, beside which the way to the device and back is little. */
const spanMs = 100;
/** The narrowest of so many marks counts, at each end. */
const marks = 3;
/** What is so near a nanosecond is one. */
const tolerance = 0.25;

/** Nanoseconds of a tick, by marks at both ends of a span that `wait` lets pass; 1 where the device's clock stands still. */
export async function nanosecondsPerTick(
  mark: () => Promise<Mark>,
  wait: (ms: number) => Promise<unknown>,
): Promise<number> {
  const narrowest = async () => {
    const taken: Mark[] = [];
    for (let i = 0; i < marks; i++) taken.push(await mark());
    const { ticks, before, after } = taken.reduce((a, b) => b.after - b.before < a.after - a.before ? b : a);
    return { ticks, ms: (before + after) / 2 };
  };
  const first = await narrowest();
  await wait(spanMs);
  const last = await narrowest();
  const period = (last.ms - first.ms) * 1e6 / Number(last.ticks - first.ticks);
  return period > 0 && Number.isFinite(period) && Math.abs(period - 1) > tolerance ? period : 1;
}

const periods = new WeakMap<Device, Promise<number>>();

/** Nanoseconds of a tick of a device that has timestamps; measured once. */
export function timestampPeriod(device: Device): Promise<number> {
  let period = periods.get(device);
  if (!period) periods.set(device, period = measure(device));
  return period;
}

async function measure(device: Device): Promise<number> {
  const { gpu } = device;
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const querySet = gpu.createQuerySet({ type: "timestamp", count: 1 });
  const resolved = device.createBuffer("timestamp", 8, QUERY_RESOLVE | COPY_SRC);
  const staging = device.createBuffer("timestamp read", 8, MAP_READ | COPY_DST);
  const mark = async () => {
    const encoder = gpu.createCommandEncoder();
    encoder.beginComputePass({ timestampWrites: { querySet, endOfPassWriteIndex: 0 } }).end();
    encoder.resolveQuerySet(querySet, 0, 1, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 8);
    const commands = encoder.finish();
    const before = performance.now();
    gpu.queue.submit([commands]);
    const mapping = staging.mapAsync(GPUMapMode.READ);
    const after = performance.now(); // Deno waits for the device before the call returns
    await mapping;
    const ticks = new BigUint64Array(staging.getMappedRange())[0]!;
    staging.unmap();
    return { ticks, before, after };
  };
  try {
    device.wait(); // what runs now would widen the first mark
    return await nanosecondsPerTick(mark, (ms) => new Promise((resume) => setTimeout(resume, ms)));
  } finally {
    device.check();
    querySet.destroy();
    device.destroyBuffer(resolved);
    device.destroyBuffer(staging);
  }
}
