/** What the page asks the server again and again, it asks so often when the server did not answer. */
export const RETRY_MS = 3_000;

/**
 * Does something, and again so many milliseconds after its end as it says, once the page can be seen. `undefined` ends it,
 * and so does the function that is given back.
 */
export function repeat(work: (signal: AbortSignal) => Promise<number | undefined>): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  const go = async () => {
    const ms = await work(signal);
    if (ms === undefined || signal.aborted) return;
    setTimeout(() => {
      if (signal.aborted) return;
      if (!document.hidden) return void go();
      document.addEventListener("visibilitychange", () => void go(), { once: true, signal });
    }, ms);
  };
  void go();
  return () => abort.abort();
}
