import { DataError } from "./errors.ts";

/** What a job gives, and which of its buffers may move to another thread. */
export interface JobResult<R> {
  readonly result: R;
  readonly transfer: ArrayBuffer[];
}

/** Does jobs of one sort. */
export type JobHandler<J, R> = (job: J) => JobResult<R> | Promise<JobResult<R>>;

/** A sort of jobs that can be done on other threads. */
export interface JobType<S, J, R> {
  /** `import.meta.url` of the module that exports this job type. */
  readonly module: string;
  /** Name of the export. */
  readonly name: string;
  /** Makes ready for jobs, once a thread. */
  prepare(setup: S): JobHandler<J, R> | Promise<JobHandler<J, R>>;
}

/** A job for a worker, or what it needs first. */
export type ToWorker = { readonly module: string; readonly name: string; readonly setup: unknown } | {
  readonly job: unknown;
};

/** What a worker answers, in the order in which it was asked. */
export type FromWorker = { readonly result: unknown } | {
  readonly error: { readonly message: string; readonly stack: string | undefined; readonly isForUser: boolean };
};

/** Settings of {@link mapInOrder}. */
export interface PoolOptions<S> {
  /** Handed to `prepare`. */
  readonly setup: S;
  /** Threads to work on; with 1 the jobs are done on this one. */
  readonly workers: number;
  /** Buffers of a job that move to the thread that does it. */
  readonly transfer?: ArrayBuffer[];
}

/** Jobs that each worker holds: one in hand and one to go on with. */
const JOBS_A_WORKER = 2;

/** How many threads there are to work on when nobody says. */
export function defaultWorkers(): number {
  return Math.max(1, Math.min(navigator.hardwareConcurrency, 16));
}

/**
 * Does jobs on several threads and gives their results in the order of the jobs, so that nothing but the time depends on
 * the number of threads. Jobs are taken from their source only as fast as they are done. Of several errors, that of the
 * earliest job is thrown.
 */
export async function* mapInOrder<S, J extends object, R>(
  type: JobType<S, J, R>,
  jobs: AsyncIterable<{ readonly job: J; readonly transfer: ArrayBuffer[] }>,
  options: PoolOptions<S>,
): AsyncGenerator<R> {
  using pool = options.workers > 1
    ? new WorkerPool<J, R>(type, options.setup, options.workers)
    : new OwnThread<J, R>(await type.prepare(options.setup));
  const pending: Promise<R>[] = [];
  const source = jobs[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await source.next().catch((error) => ({ error }));
      if ("error" in next) {
        for (const earlier of pending) yield await earlier;
        throw next.error;
      }
      if (next.done) break;
      const result = pool.run(next.value.job, next.value.transfer);
      result.catch(() => {}); // it is looked at in its turn
      pending.push(result);
      if (pending.length >= pool.depth) yield await pending.shift()!;
    }
    while (pending.length > 0) yield await pending.shift()!;
  } finally {
    await source.return?.();
  }
}

/** How long jobs may keep this thread to themselves. */
const TURN_MS = 50;

class OwnThread<J, R> {
  readonly depth = 1;
  #turn = performance.now();
  readonly #handler: JobHandler<J, R>;

  constructor(handler: JobHandler<J, R>) {
    this.#handler = handler;
  }

  async run(job: J): Promise<R> {
    if (performance.now() - this.#turn > TURN_MS) {
      await new Promise((resume) => setTimeout(resume)); // lets Ctrl-C and the renderer in
      this.#turn = performance.now();
    }
    return (await this.#handler(job)).result;
  }

  [Symbol.dispose](): void {}
}

class WorkerPool<J extends object, R> {
  readonly depth: number;
  readonly #workers: PoolWorker<R>[];

  constructor(type: JobType<never, J, R>, setup: unknown, count: number) {
    this.#workers = Array.from({ length: count }, () => new PoolWorker<R>(type.module, type.name, setup));
    this.depth = count * JOBS_A_WORKER;
  }

  run(job: J, transfer: ArrayBuffer[]): Promise<R> {
    const idle = this.#workers.reduce((best, each) => each.waiting < best.waiting ? each : best);
    return idle.run(job, transfer);
  }

  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }
}

class PoolWorker<R> {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<R>[] = [];

  constructor(module: string, name: string, setup: unknown) {
    this.#worker = new Worker(new URL("./job_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      const turn = this.#waiting.shift()!;
      if ("result" in data) turn.resolve(data.result as R);
      else turn.reject(revive(data.error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const turn of this.#waiting.splice(0)) turn.reject(new Error(`a worker failed: ${event.message}`));
    };
    this.#worker.postMessage({ module, name, setup } satisfies ToWorker);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  run(job: object, transfer: ArrayBuffer[]): Promise<R> {
    const turn = Promise.withResolvers<R>();
    this.#waiting.push(turn);
    this.#worker.postMessage({ job } satisfies ToWorker, transfer);
    return turn.promise;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}

function revive(
  { message, stack, isForUser }: { message: string; stack: string | undefined; isForUser: boolean },
): Error {
  if (isForUser) return new DataError(message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
