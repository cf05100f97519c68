// How much work one submit holds. A system takes a graphics card from a program that keeps it too long (Windows after 2 s,
// macOS after a few, amdgpu after 10), and a desktop stands still meanwhile; while this thread waits for a submit, neither
// signals nor timers are heard. Work is counted in float operations; what else takes time counts as some.

/** What a submit should take. */
const targetMs = 200;

/** Operations that take about as long as moving a byte, and as a dispatch that does nothing, on devices of both sorts. */
const operationsPer = { byte: 12, dispatch: 1e6 };

/** What a dispatch costs that binds so many bytes, and computes so much where that takes longer than moving them. */
export function workOf(bytes: number, flops: number): number {
  return Math.max(flops, bytes * operationsPer.byte) + operationsPer.dispatch;
}

/** Operations in a ms before any was measured: those of a slow device of each sort. */
const assumedRate = { software: 2e7, card: 2e8 };

/** No device is slower than this share of it: a wait that says so was for a compiler, or for other work on the machine. */
const slowest = 0.1;

/** Kernels differ in speed, so the slowest of so many waits counts. */
const remembered = 8;

/** A wait so short says how long a submit takes that holds nothing, not how quick the device is. */
const shortMs = targetMs / 8;

/** Knows what was submitted and how quick the device is, and says how much more it should get. */
export class SubmitLimiter {
  readonly #now: () => number;
  readonly #rates: number[];
  readonly #floor: number;
  #inFlight = 0;
  #since = 0;

  /** @param now the clock, in ms */
  constructor(software: boolean, now: () => number = () => performance.now()) {
    this.#now = now;
    const assumed = software ? assumedRate.software : assumedRate.card;
    this.#rates = [assumed];
    this.#floor = slowest * assumed;
  }

  /** Operations that a submit may hold. */
  get most(): number {
    return targetMs * Math.min(...this.#rates);
  }

  /** Whether the device has enough to do, so that so many operations more should wait for what it has. */
  isFull(work: number): boolean {
    return this.#inFlight > 0 && this.#inFlight + work > this.most;
  }

  /** Notes that so many operations were submitted. */
  submitted(work: number): void {
    if (this.#inFlight === 0) this.#since = this.#now();
    this.#inFlight += work;
  }

  /** Notes that all that was submitted is done. */
  finished(): void {
    if (this.#inFlight === 0) return;
    const ms = Math.max(this.#now() - this.#since, 1e-3);
    const rate = Math.max(this.#inFlight / ms, this.#floor);
    this.#inFlight = 0;
    if (ms < shortMs && rate < Math.min(...this.#rates)) return;
    this.#rates.push(rate);
    if (this.#rates.length > remembered) this.#rates.shift();
  }
}
