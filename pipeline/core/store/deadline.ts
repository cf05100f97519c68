/** Fewer bytes than this in the time of a {@linkcode Deadline} are no progress: who sends one at a time never ends. */
const PROGRESS_BYTES = 64 << 10;

/** It took too long. */
export class DeadlineError extends Error {}

/** Watches over something that should move on: its signal is aborted when it does not. */
export class Deadline implements Disposable {
  readonly #ms: number;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #bytes = 0;

  /**
   * @param ms in which there has to be some progress
   * @param signal ends it too
   */
  constructor(ms: number, signal: AbortSignal) {
    this.#ms = ms;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#start();
  }

  /** Aborted with a {@linkcode DeadlineError} when there is no progress, or as the signal that was given. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Counts bytes that have come or gone. */
  progress(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < PROGRESS_BYTES) return;
    this.#bytes = 0;
    clearTimeout(this.#timer);
    this.#start();
  }

  /** Settles as `work` does, or fails when time is up, though the work cannot be stopped. */
  async race<T>(work: Promise<T>): Promise<T> {
    const signal = this.#signal;
    signal.throwIfAborted();
    let stop: (() => void) | undefined;
    const late = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", stop = () => reject(signal.reason))
    );
    late.catch(() => {});
    work.catch(() => {}); // nobody waits for it any more when it fails late
    try {
      return await Promise.race([work, late]);
    } finally {
      if (stop !== undefined) signal.removeEventListener("abort", stop);
    }
  }

  /** Ends the watch. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #start(): void {
    const late = () => this.#stop.abort(new DeadlineError(`no progress within ${this.#ms / 1000} s`));
    this.#timer = setTimeout(late, this.#ms);
  }
}
