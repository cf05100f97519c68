// The run that is looked at, the same in the tabs of trainings and of data.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId } from "preact/hooks";
import type { RunSummary, RunView } from "../wire.ts";
import { Fault } from "./fault.tsx";
import { useMessages } from "./preferences.ts";
import { Store, useStore } from "./store.ts";
import { useJson } from "./use_json.ts";

/** A run that goes on is asked for so often. */
export const LIVE_MS = 2_000;
/** The list of runs is asked for so often. */
const LIST_MS = 3_000;

/** The id that was chosen; undefined for the newest. */
const chosen: Store<string | undefined> = new Store<string | undefined>(undefined);

/** Lets one choose a run, and shows what `children` makes of it. */
export function WithRun({ children }: { readonly children: (run: RunView) => ComponentChildren }): JSX.Element {
  const messages = useMessages();
  const { value: runs, error } = useJson<readonly RunSummary[]>("/api/runs", LIST_MS);
  const wanted = useStore(chosen);
  const id = wanted ?? runs?.[0]?.id;
  const live = runs?.find((run) => run.id === id)?.status === "running";
  const run = useJson<RunView>(id && `/api/runs/${encodeURIComponent(id)}`, live ? LIVE_MS : LIST_MS);
  useEffect(() => {
    if (run.error && wanted !== undefined) chosen.set(undefined);
  }, [run.error]);
  if (error) return <Fault error={error} />;
  if (runs === undefined) return <p class="loading">{messages.loading}</p>;
  if (id === undefined) return <p class="nothing">{messages.runs.none}</p>;
  return (
    <>
      <RunPicker runs={runs} id={id} />
      {run.error && <Fault error={run.error} />}
      {run.value && children(run.value)}
    </>
  );
}

function RunPicker({ runs, id }: { readonly runs: readonly RunSummary[]; readonly id: string }): JSX.Element {
  const { runs: text } = useMessages();
  const field = useId();
  const run = runs.find((each) => each.id === id);
  return (
    <div class="run-picker">
      <div class="picker">
        <label for={field}>{text.run}</label>
        <select id={field} value={id} onChange={(event) => chosen.set(event.currentTarget.value)}>
          {runs.map((each) => (
            <option key={each.id} value={each.id}>
              {each.pipeline} · {text.time(each.startedAt)} · {text.status[each.status]}
            </option>
          ))}
        </select>
      </div>
      {run && <span class={`status ${run.status}`}>{text.status[run.status]}</span>}
      {run?.status === "silent" && run.seenAt && <p class="hint">{text.silentSince(text.time(run.seenAt))}</p>}
    </div>
  );
}
