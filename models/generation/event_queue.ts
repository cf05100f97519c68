/** Events on their way from who makes them to the one who reads them. */
export class EventQueue<Event> {
  #events: Event[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error?: unknown } | undefined;

  /** Adds an event. */
  push(event: Event): void {
    if (this.#end) return;
    this.#events.push(event);
    this.#wake?.();
  }

  /** No more events come; with `error`, reading ends by throwing it, at once. */
  end(error?: unknown): void {
    if (this.#end) return;
    this.#end = error === undefined ? {} : { error };
    if (error !== undefined) this.#events = [];
    this.#wake?.();
  }

  /** The events in order, until the end. */
  async *read(): AsyncGenerator<Event, void, undefined> {
    while (true) {
      const events = this.#events;
      this.#events = [];
      yield* events;
      if (this.#events.length > 0) continue;
      if (this.#end) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
  }
}
