import { useEffect, useState } from "preact/hooks";
import { getJson, isOutage } from "../api.ts";
import { repeat, RETRY_MS } from "../parts/repeat.ts";
import { LIVE_MS } from "../parts/runs.tsx";
import type { TrainingView } from "../wire.ts";
import type { Log } from "./curves.ts";

/** A log, and why the last attempt to get more of it gave nothing. */
export interface FollowedLog {
  readonly log?: Log;
  readonly error?: Error;
}

/** The log of a training. While the run is live only the lines that are new are asked for; it stays while nobody answers. */
export function useLog(run: string, stage: string | undefined, live: boolean): FollowedLog {
  const [state, setState] = useState<FollowedLog & { readonly of?: string }>({});
  const path = stage && `/api/runs/${encodeURIComponent(run)}/training?stage=${encodeURIComponent(stage)}`;
  useEffect(() => {
    if (path === undefined) return;
    let log = state.of === path ? state.log : undefined;
    return repeat(async (signal) => {
      try {
        const from = log?.lines.length ?? 0;
        const { from: begin, ...view } = await getJson<TrainingView>(`${path}&from=${from}`, signal);
        log = { ...view, lines: [...(log?.lines.slice(0, begin) ?? []), ...view.lines] };
        setState({ of: path, log });
        return live ? LIVE_MS : undefined;
      } catch (thrown) {
        if (signal.aborted) return undefined;
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        const lasts = isOutage(error);
        setState({ of: path, error, ...(lasts && log && { log }) });
        return lasts ? RETRY_MS : live ? LIVE_MS : undefined;
      }
    });
  }, [path, live]);
  return state.of === path ? state : {};
}
