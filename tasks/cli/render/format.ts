import type { PipelineEvent, Reason } from "../../../pipeline/core/mod.ts";
import { type Change, describeChange } from "../../../pipeline/core/mod.ts";
import type { Messages } from "../messages.ts";

/** The event of a stage's progress. */
export type ProgressEvent = Extract<PipelineEvent, { type: "stage-progress" }>;

/** A duration as a person says it: `0.3 s`, `41 s`, `3 min 20 s`, `2 h 5 min`; in the language of the messages. */
export function formatDuration(ms: number, { units }: Pick<Messages, "units">): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} ${units.seconds}`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} ${units.seconds}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${units.minutes} ${seconds % 60} ${units.seconds}`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} ${units.hours} ${minutes % 60} ${units.minutes}`;
}

/** A number in at most four significant digits: `2.318`, `12.3`, `0.0003`, `1.2e-7`. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const short = Number(value.toPrecision(4));
  return Math.abs(short) >= 1e-4 && Math.abs(short) < 1e7 ? String(short) : value.toExponential(1);
}

/** Keeps the pace of a stage from its first progress on: what was done before (a continued run) does not count. */
export class Pace {
  #first: ProgressEvent | undefined;

  /** Notes a progress, and gives units per second and milliseconds left, as far as they can be told. */
  update(event: ProgressEvent): { rate?: number; leftMs?: number } {
    this.#first ??= event;
    const elapsedMs = event.elapsedMs - this.#first.elapsedMs;
    const done = event.done - this.#first.done;
    if (elapsedMs <= 0 || done <= 0) return {};
    const rate = done / elapsedMs * 1000;
    return event.total > 0 ? { rate, leftMs: Math.max(0, event.total - event.done) / rate * 1000 } : { rate };
  }
}

/** The words of a progress: `45 %`, `120/300 steps`, `12.3 steps/s`, `14 s left`, `loss 2.318`. */
export function progressWords(event: ProgressEvent, pace: Pace, messages: Messages): string[] {
  const { done, total, unit, note, metrics, endsInMs } = event;
  const { rate, leftMs } = pace.update(event);
  const words = total > 0
    ? [`${Math.floor(done / total * 100)} %`, `${formatNumber(done)}/${formatNumber(total)} ${unit}`]
    : [`${formatNumber(done)} ${unit}`];
  if (rate !== undefined) words.push(`${formatNumber(Number(rate.toPrecision(3)))} ${unit}/s`);
  if (endsInMs !== undefined) words.push(messages.endsIn(formatDuration(endsInMs, messages)));
  else if (leftMs !== undefined && done < total) words.push(messages.left(formatDuration(leftMs, messages)));
  for (const [name, value] of Object.entries(metrics ?? {})) words.push(`${name} ${formatNumber(value)}`);
  if (note !== undefined) words.push(note);
  return words;
}

/** A reason in the language of the messages. */
export function formatReason(reason: Reason, messages: Messages): string {
  switch (reason.type) {
    case "first":
      return messages.reasonFirst;
    case "gone":
      return messages.reasonGone;
    case "damaged":
      return messages.reasonDamaged(reason.detail);
    case "changed":
      return formatChanges(reason.changes, messages);
    default:
      return reason satisfies never;
  }
}

/** Changes in the language of the messages. */
export function formatChanges(changes: readonly Change[], messages: Messages): string {
  return changes.map((change) => formatChange(change, messages)).join(", ");
}

function formatChange(change: Change, messages: Messages): string {
  switch (change.type) {
    case "input":
      return messages.change(change.path, change.change, change.source);
    case "code":
      return messages.change(change.name, change.change, undefined);
    case "format":
      return messages.newLayout;
    case "param":
    case "version":
      return describeChange(change);
    default:
      return change satisfies never;
  }
}
