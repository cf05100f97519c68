import type { JSX } from "preact";
import type { Json } from "../../../../pipeline/core/json.ts";
import type { Change, Reason } from "../../../../pipeline/core/explain.ts";
import type { Messages } from "../messages/messages.ts";
import { useMessages } from "../parts/preferences.ts";
import type { RunView, StageView } from "../wire.ts";

/** The stages of a run: which were computed and why, which came from the cache. */
export function Stages({ run }: { readonly run: RunView }): JSX.Element {
  const { training } = useMessages();
  return (
    <section class="stages" aria-labelledby="stages">
      <h2 id="stages">{training.stages}</h2>
      <ol>{run.stages.map((stage) => <Stage key={stage.stage} stage={stage} />)}</ol>
    </section>
  );
}

function Stage({ stage }: { readonly stage: StageView }): JSX.Element {
  const { training, duration, number } = useMessages();
  const { state, because, reason, durationMs, progress, device, params, meta } = stage;
  const why = state === "cached" || state === "fresh" ? training.why[state] : reasonText(reason, training) ?? because;
  const figures = flatten(meta ?? {}).filter(([, value]) => typeof value === "number");
  return (
    <li class={`stage ${state}`}>
      <div class="line">
        <span class="name">{stage.stage}</span>
        <span class={`state ${state}`}>{training.state[state]}</span>
        {durationMs !== undefined && state === "ran" && <span class="time">{duration(durationMs / 1000)}</span>}
      </div>
      {why && <p class="why">{why}</p>}
      {state === "running" && progress && (
        <p class="progress">
          <progress
            max={progress.total || 1}
            {...(progress.total > 0 && { value: progress.done })}
            aria-label={stage.stage}
          />
          {number(progress.done)}
          {progress.total > 0 && ` / ${number(progress.total)}`} {training.units[progress.unit] ?? progress.unit}
        </p>
      )}
      {device && <p class="device">{device}</p>}
      <Values title={training.result} entries={figures} />
      <Values title={training.params} entries={flatten(params ?? {})} />
    </li>
  );
}

function Values({ title, entries }: {
  readonly title: string;
  readonly entries: readonly (readonly [string, Json | undefined])[];
}): JSX.Element | null {
  const { number } = useMessages();
  if (entries.length === 0) return null;
  const shown = (value: Json | undefined) => typeof value === "number" ? number(value) : String(value);
  return (
    <details class="values">
      <summary>{title}</summary>
      <dl>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{shown(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** Why a stage ran, in the page's language. */
function reasonText(reason: Reason | undefined, { reasons }: Messages["training"]): string | undefined {
  switch (reason?.type) {
    case "first":
      return reasons.first;
    case "gone":
      return reasons.gone;
    case "damaged":
      return reasons.damaged(reason.detail);
    case "changed":
      return reason.changes.map((change) => changeText(change, reasons)).join("; ");
    default:
      return undefined;
  }
}

function changeText(change: Change, reasons: Messages["training"]["reasons"]): string {
  const json = (value: Json | undefined) => value === undefined ? "–" : JSON.stringify(value);
  switch (change.type) {
    case "param":
      return `${change.path} ${json(change.before)} → ${json(change.after)}`;
    case "input":
      return `${change.path} ${reasons.changes[change.change]}`;
    case "version":
      return `${reasons.version} ${change.before} → ${change.after}`;
    case "code":
      return `${change.name} ${reasons.changes[change.change]}`;
    case "format":
      return reasons.format;
  }
}

/** The leaves of an object, by their path. */
function flatten(value: Json | undefined, path = ""): [string, Json | undefined][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [[path, Array.isArray(value) ? value.join(", ") : value]];
  }
  return Object.entries(value).flatMap(([name, child]) => flatten(child, path === "" ? name : `${path}.${name}`));
}
