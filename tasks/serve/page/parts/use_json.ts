import { useEffect, useState } from "preact/hooks";
import { getJson } from "../api.ts";

/** What a GET gave last: kept while a later one is on its way. */
export interface Fetched<T> {
  readonly value: T | undefined;
  readonly error: Error | undefined;
}

/**
 * GETs JSON when the path changes, and again and again while `everyMs` is given and the page can be seen.
 *
 * @param path undefined for nothing to get
 */
export function useJson<T>(path: string | undefined, everyMs?: number): Fetched<T> {
  const [state, setState] = useState<Fetched<T> & { readonly path: string | undefined }>({
    ...{ value: undefined, error: undefined, path },
  });
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    const get = () =>
      getJson<T>(path, abort.signal).then((value) => setState({ value, error: undefined, path }), (error: unknown) => {
        if (!abort.signal.aborted) {
          setState({ value: undefined, error: error instanceof Error ? error : new Error(String(error)), path });
        }
      });
    void get();
    const timer = everyMs === undefined ? undefined : setInterval(() => {
      if (!document.hidden) void get();
    }, everyMs);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [path, everyMs]);
  return state.path === path ? state : { value: undefined, error: undefined };
}
