// The run that is looked at, the same in the tabs of trainings and of data.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { CallError, isOutage } from "../api.ts";
import type { RunSummary, RunView } from "../wire.ts";
import { address, chooseRun, showRun } from "./address.ts";
import { runToShow } from "./choose_run.ts";
import { Fault } from "./fault.tsx";
import { useMessages } from "./preferences.ts";
import { useStore } from "./store.ts";
import { useJson } from "./use_json.ts";

/** A run that goes on is asked for so often. */
export const LIVE_MS = 2_000;
/** The list of runs is asked for so often. */
const LIST_MS = 3_000;

/** Lets one choose a run, and shows what `children` makes of it. */
export function WithRun({ children }: { readonly children: (run: RunView) => ComponentChildren }): JSX.Element {
  const messages = useMessages();
  const { value: runs, error } = useJson<readonly RunSummary[]>("/api/runs", LIST_MS);
  const { run: wanted, chosen } = useStore(address);
  const id = chosen ? wanted : runs && runToShow(runs, wanted);
  const live = runs?.find((run) => run.id === id)?.status === "running";
  const run = useJson<RunView>(id && `/api/runs/${encodeURIComponent(id)}`, live ? LIVE_MS : LIST_MS);
  const [missing, setMissing] = useState<string>();
  const isMissing = chosen && run.error instanceof CallError && run.error.status === 404;
  const other = runs?.[0] && runToShow(runs, undefined);
  useEffect(() => {
    if (isMissing) setMissing(wanted);
    if (isMissing && other !== undefined) showRun(other);
    if (!chosen && id !== undefined && id !== wanted) showRun(id);
  }, [isMissing, other, chosen, id, wanted]);
  if (runs === undefined) return error ? <Fault error={error} /> : <p class="loading">{messages.loading}</p>;
  if (runs.length === 0 || id === undefined) return <p class="nothing">{messages.runs.none}</p>;
  const silent = [error, run.error].some(isOutage);
  return (
    <>
      <RunPicker
        runs={run.value && !runs.some((each) => each.id === id) ? [...runs, run.value] : runs}
        id={id}
      />
      <p class="notice" role="status">
        {silent ? messages.runs.unanswered : !chosen && missing !== undefined ? messages.runs.missing(missing) : ""}
      </p>
      {run.error && !isMissing && !silent && <Fault error={run.error} />}
      {run.value && (
        <>
          <Failure run={run.value} />
          {children(run.value)}
        </>
      )}
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
        <select id={field} value={id} onChange={(event) => chooseRun(event.currentTarget.value)}>
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

/** At which stage a run failed and why, or where it was stopped. */
function Failure({ run: { status, failure } }: { readonly run: RunView }): JSX.Element | null {
  const { runs: text } = useMessages();
  if (failure === undefined || (status !== "failed" && status !== "stopped")) return null;
  return (
    <div class={`failure ${status}`}>
      <p>{text.endedAt[status](failure.stage)}</p>
      {status === "failed" && <pre>{failure.message}</pre>}
    </div>
  );
}

/** Why a tab has nothing to show of a run. */
export function Nothing({ run, planned, texts }: {
  readonly run: RunView;
  /** Stages that would have given something. */
  readonly planned: readonly string[];
  readonly texts: { readonly none: string; readonly notYet: string; readonly never: string };
}): JSX.Element {
  const { none, notYet, never } = texts;
  return <p class="nothing">{planned.length === 0 ? none : run.status === "running" ? notYet : never}</p>;
}
