/** A signal that follows others until it is disposed of; then it leaves nothing behind in them. */
export class LinkedSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #sources: readonly AbortSignal[];
  readonly #follow = (event: Event) => this.abort((event.target as AbortSignal).reason);

  /** Follows `sources`. */
  constructor(...sources: AbortSignal[]) {
    this.#sources = sources;
    for (const source of sources) {
      if (source.aborted) this.abort(source.reason);
      source.addEventListener("abort", this.#follow);
    }
  }

  /** The signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts it without the sources. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Lets go of the sources. */
  [Symbol.dispose](): void {
    for (const source of this.#sources) source.removeEventListener("abort", this.#follow);
  }
}
