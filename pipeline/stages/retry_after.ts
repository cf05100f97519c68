import { PipelineError } from "../core/mod.ts";

/** Longest time that a server may make one wait, in milliseconds. */
export const MOST_WAIT_MS = 10 * 60_000;

/**
 * How long a server asks to wait (RFC 9110, Retry-After: seconds or a date), in milliseconds.
 *
 * @returns undefined when it does not say
 */
export function retryAfter(headers: Headers, now: number = Date.now()): number | undefined {
  const text = headers.get("retry-after")?.trim();
  if (text === undefined || text === "") return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/**
 * What to wait before the next try: as the server asks, else `usual`.
 *
 * @throws {PipelineError} when the server asks for longer than anybody would wait
 */
export function waitBeforeRetry(asked: number | undefined, usual: number, what: string): number {
  if (asked !== undefined && asked > MOST_WAIT_MS) {
    throw new PipelineError(`${what}: the server asks to come back in ${Math.ceil(asked / 60_000)} minutes`);
  }
  return Math.max(asked ?? 0, usual);
}

/** Waits, unless it is stopped. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const stop = () => {
      clearTimeout(timer);
      fail(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      done();
    }, ms);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** How a request is tried again. */
export interface PatienceOptions {
  readonly signal: AbortSignal;
  /** Tries before the last answer is given as it is; 4 by default. */
  readonly attempts?: number;
  /** Waited before the second try, then twice as long each time; half a second by default. */
  readonly delayMs?: number;
}

/** A `fetch` that comes back later where the server asks for that (429, 503) or is out of order (502, 504). */
export function patientFetch({ signal, attempts = 4, delayMs = 500 }: PatienceOptions): typeof fetch {
  return async (input, init) => {
    for (let tried = 1;; tried++) {
      const response = await fetch(input, { ...init, signal });
      if (![429, 502, 503, 504].includes(response.status) || tried === attempts) return response;
      await response.body?.cancel();
      const what = `asking ${response.url}`;
      await wait(waitBeforeRetry(retryAfter(response.headers), delayMs * 2 ** (tried - 1), what), signal);
    }
  };
}
