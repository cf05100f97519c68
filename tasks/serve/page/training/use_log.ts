import { useEffect, useState } from "preact/hooks";
import { getJson } from "../api.ts";
import { LIVE_MS } from "../parts/runs.tsx";
import type { TrainingView } from "../wire.ts";
import type { Log } from "./curves.ts";

/** The log of a training. While the run is live only the lines that are new are asked for. */
export function useLog(run: string, stage: string | undefined, live: boolean): { log?: Log; error?: Error } {
  const [state, setState] = useState<{ log?: Log; error?: Error }>({});
  useEffect(() => {
    if (stage === undefined) return;
    const abort = new AbortController();
    let log: Log | undefined;
    const path = `/api/runs/${encodeURIComponent(run)}/training?stage=${encodeURIComponent(stage)}`;
    const get = async () => {
      try {
        const from = log?.lines.length ?? 0;
        const { from: begin, ...view } = await getJson<TrainingView>(`${path}&from=${from}`, abort.signal);
        log = { ...view, lines: [...(log?.lines.slice(0, begin) ?? []), ...view.lines] };
        setState({ log });
      } catch (error) {
        if (!abort.signal.aborted) setState(error instanceof Error ? { error } : {});
      }
    };
    setState({});
    void get();
    const timer = live
      ? setInterval(() => {
        if (!document.hidden) void get();
      }, LIVE_MS)
      : undefined;
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [run, stage, live]);
  return state;
}
