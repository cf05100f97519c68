// Places for requests: how many run or wait at once, and when a place is free again.
import type { TextEvent, TextRequest } from "../../models/generation/request.ts";
import { ApiError } from "./api_error.ts";
import type { TextSource } from "./context.ts";

/** Most seconds that a client is told to wait. */
const MOST_RETRY_SECONDS = 60;

/** Lets requests in up to a limit, and hands them to the generator. */
export class Admission {
  readonly #generator: Pick<TextSource, "stream">;
  readonly #most: number;
  #inside = 0;
  #meanMs = 1000;

  /** Lets in `most` at once. */
  constructor(generator: Pick<TextSource, "stream">, most: number) {
    this.#generator = generator;
    this.#most = most;
  }

  /** How many requests are inside. */
  get inside(): number {
    return this.#inside;
  }

  /**
   * Lets a request in at once.
   *
   * @throws {ApiError} 429 when all places are taken
   */
  enter(): Place {
    if (this.#inside >= this.#most) {
      const seconds = Math.ceil(this.#meanMs / 1000);
      throw new ApiError(429, `${this.#inside} requests run or wait already; try again later`, {
        code: "queue_full",
        retryAfter: Math.min(Math.max(seconds, 1), MOST_RETRY_SECONDS),
      });
    }
    this.#inside++;
    const began = performance.now();
    return new Place(this.#generator, () => {
      this.#inside--;
      this.#meanMs += (performance.now() - began - this.#meanMs) / 8;
    });
  }
}

/** The place of one request, which may stream several answers. Dispose of it when no more will be started. */
export class Place implements Disposable {
  readonly #generator: Pick<TextSource, "stream">;
  readonly #leave: () => void;
  #holders = 1;

  /** Use {@linkcode Admission.enter}. */
  constructor(generator: Pick<TextSource, "stream">, leave: () => void) {
    this.#generator = generator;
    this.#leave = leave;
  }

  /**
   * The events of an answer. When its signal is aborted this ends at once by throwing the reason, whatever the generator
   * is doing; the place is free when the generator has ended as well.
   */
  async *stream(request: TextRequest & { readonly signal: AbortSignal }): AsyncGenerator<TextEvent, void, undefined> {
    const { signal } = request;
    this.#holders++;
    const events = this.#generator.stream(request);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    aborted.catch(() => {});
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    signal.addEventListener("abort", fail);
    try {
      while (true) {
        const { done, value } = await Promise.race([events.next(), aborted]);
        if (done) return;
        yield value;
      }
    } finally {
      signal.removeEventListener("abort", fail);
      // After an abort the generator may still be at its last token: it is not waited for here.
      const end = () => this[Symbol.dispose]();
      events.return().then(end, end);
    }
  }

  /** Gives the place back as soon as all its answers have ended. */
  [Symbol.dispose](): void {
    if (--this.#holders === 0) this.#leave();
  }
}
