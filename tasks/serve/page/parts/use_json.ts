import { useEffect, useState } from "preact/hooks";
import { getJson, isOutage } from "../api.ts";
import { repeat, RETRY_MS } from "./repeat.ts";

/** What a GET gave last: kept while a later one is on its way, and while the server does not answer. */
export interface Fetched<T> {
  readonly value: T | undefined;
  /** Why the last GET gave nothing. */
  readonly error: Error | undefined;
}

const NOTHING = { value: undefined, error: undefined };

/**
 * GETs JSON when the path changes, again and again while `everyMs` is given, and until the server answers.
 *
 * @param path undefined for nothing to get
 */
export function useJson<T>(path: string | undefined, everyMs?: number): Fetched<T> {
  const [state, setState] = useState<Fetched<T> & { readonly path: string | undefined }>({ ...NOTHING, path });
  useEffect(() => {
    if (path === undefined) return;
    return repeat(async (signal) => {
      try {
        const value = await getJson<T>(path, signal);
        setState({ value, error: undefined, path });
        return everyMs;
      } catch (thrown) {
        if (signal.aborted) return undefined;
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        const lasts = isOutage(error);
        setState((before) => ({ value: lasts && before.path === path ? before.value : undefined, error, path }));
        return lasts ? everyMs ?? RETRY_MS : everyMs;
      }
    });
  }, [path, everyMs]);
  return state.path === path ? state : NOTHING;
}
