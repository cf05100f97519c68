import type { Device } from "./device.ts";
import { timestampPeriod } from "./timestamp_period.ts";

/** Time that the device spent in one kernel, all its dispatches together. */
export interface KernelTime {
  readonly kernel: string;
  readonly dispatches: number;
  readonly ms: number;
}

/** Queries of a set: WebGPU's limit. A dispatch takes two, before and after. */
const setQueries = 4096;

/**
 * Measures each dispatch of the streams that it is given to, by timestamps on the device. For benches: every dispatch
 * then has a compute pass of its own, so the whole is a little slower than without.
 */
export class Timings {
  readonly #device: Device;
  readonly #sets: GPUQuerySet[] = [];
  #names: string[] = [];

  private constructor(device: Device) {
    this.#device = device;
  }

  /** Timings of a device; undefined where it has no timestamps. */
  static of(device: Device): Timings | undefined {
    return device.info.features.includes("timestamp-query") ? new Timings(device) : undefined;
  }

  /** Where the pass of the next dispatch, of this kernel, writes its timestamps. */
  next(kernel: string): GPUComputePassTimestampWrites {
    const query = 2 * (this.#names.push(kernel) - 1);
    const set = Math.floor(query / setQueries);
    const querySet = this.#sets[set] ??= this.#device.gpu.createQuerySet({ type: "timestamp", count: setQueries });
    const first = query % setQueries;
    return { querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** Waits for the work submitted so far, gives the kernels' times since the last call, longest first, and starts anew. */
  async read(): Promise<KernelTime[]> {
    const names = this.#names;
    this.#names = [];
    const stamps = await this.#stamps(names.length * 2);
    const msPerTick = names.length ? await timestampPeriod(this.#device) / 1e6 : 0;
    const times = new Map<string, { dispatches: number; ms: number }>();
    names.forEach((name, i) => {
      const time = times.get(name) ?? { dispatches: 0, ms: 0 };
      times.set(name, time);
      time.dispatches++;
      time.ms += Number(stamps[i * 2 + 1]! - stamps[i * 2]!) * msPerTick;
    });
    return [...times].map(([kernel, time]) => ({ kernel, ...time })).sort((a, b) => b.ms - a.ms);
  }

  async #stamps(count: number): Promise<BigUint64Array> {
    if (count === 0) return new BigUint64Array();
    const { gpu } = this.#device;
    const usage = GPUBufferUsage;
    const resolved = this.#device.createBuffer("timestamps", count * 8, usage.QUERY_RESOLVE | usage.COPY_SRC);
    const staging = this.#device.createBuffer("timestamps read", count * 8, usage.MAP_READ | usage.COPY_DST);
    try {
      const encoder = gpu.createCommandEncoder();
      for (let begin = 0; begin < count; begin += setQueries) {
        const set = this.#sets[begin / setQueries]!;
        encoder.resolveQuerySet(set, 0, Math.min(setQueries, count - begin), resolved, begin * 8);
      }
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * 8);
      gpu.queue.submit([encoder.finish()]);
      const mapping = staging.mapAsync(GPUMapMode.READ);
      this.#device.submits.finished();
      await mapping;
      return new BigUint64Array(staging.getMappedRange().slice(0));
    } finally {
      this.#device.check();
      this.#device.destroyBuffer(resolved);
      this.#device.destroyBuffer(staging);
    }
  }

  /** Frees the query sets. */
  close(): void {
    for (const set of this.#sets) set.destroy();
    this.#sets.length = 0;
  }
}
