/** What the main thread and this one both see, by index. */
export const shared = {
  /** Signals that the main thread has heard. */
  heard: 0,
  /** 1 once the next signal is to end the process. */
  stopping: 1,
  values: 2,
} as const;

/**
 * Calls `heard` at each Ctrl-C or SIGTERM. Once it has returned true, the next one ends the process within half a second
 * even if this thread is busy; so does a second one while it is too busy to hear the first. Resolves once signals are
 * listened for: until then one ends the process as if nobody listened.
 *
 * @param heard says whether the process is to stop
 */
export async function onInterrupt(heard: () => boolean): Promise<void> {
  const memory = new SharedArrayBuffer(shared.values * Int32Array.BYTES_PER_ELEMENT);
  const state = new Int32Array(memory);
  const worker = new Worker(new URL("./interrupt_worker.ts", import.meta.url), { type: "module" });
  const listening = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<Deno.Signal | "listening">) => {
    if (data === "listening") return listening.resolve();
    if (heard()) Atomics.store(state, shared.stopping, 1);
    Atomics.add(state, shared.heard, 1);
  };
  worker.postMessage(memory);
  await listening.promise;
}
