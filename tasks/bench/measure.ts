import type { Device } from "../../kernels/gpu/device.ts";
import { Stream } from "../../kernels/gpu/stream.ts";
import { destroyTensors, type Tensor } from "../../kernels/gpu/tensor.ts";
import { Timings } from "../../kernels/gpu/timings.ts";

/** A group of calls that is timed as one lasts about so long, beside which starting and waiting are little. */
const groupMs = { timestamps: 20, clock: 250 };
/** Records launches and measures them on the device. */
export class Meter {
  readonly stream: Stream;
  readonly #timings: Timings | undefined;

  /** Every measurement is repeated for `repeatMs`; one that takes longer is still made. */
  constructor(readonly device: Device, readonly repeatMs: number) {
    this.#timings = Timings.of(device);
    this.stream = new Stream(device, { timings: this.#timings });
  }

  /** Time of `count` calls: by timestamps where the device has them, else by the clock. */
  async #time(record: () => void, count: number): Promise<number> {
    const begin = performance.now();
    for (let i = 0; i < count; i++) record();
    this.stream.flush();
    if (this.#timings) return (await this.#timings.read()).reduce((sum, { ms }) => sum + ms, 0);
    await this.device.gpu.queue.onSubmittedWorkDone();
    this.device.check();
    return performance.now() - begin;
  }

  /** The quickest of several measurements of one call, in ms; the first, which may compile, does not count. */
  async best(record: () => void): Promise<number> {
    await this.#time(record, 1);
    const once = await this.#time(record, 1);
    const group = this.#timings ? groupMs.timestamps : groupMs.clock;
    const count = Math.min(1000, Math.max(1, Math.ceil(group / Math.max(once, 0.001))));
    let best = this.#timings ? once : Infinity;
    for (let spent = 0; spent < this.repeatMs;) {
      const ms = await this.#time(record, count);
      best = Math.min(best, ms / count);
      spent += ms + 1;
    }
    return best;
  }

  /** Calls `body` with a list for the tensors that it makes; they are freed afterwards. */
  async scope<T>(body: (made: Tensor[]) => Promise<T>): Promise<T> {
    const made: Tensor[] = [];
    try {
      return await body(made);
    } finally {
      this.stream.flush();
      destroyTensors(this.device, made);
    }
  }

  /** Frees what the meter itself holds. */
  close(): void {
    this.stream.close();
    this.#timings?.close();
  }
}
