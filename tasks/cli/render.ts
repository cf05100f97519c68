import { format as formatDuration } from "@std/fmt/duration";
import * as colors from "@std/fmt/colors";
import { type Change, describeChange, type PipelineEvent, type Reason } from "../../mod.ts";
import type { Language } from "./language.ts";
import { type Messages, messagesIn } from "./messages.ts";
import { cutToWidth, padToWidth } from "./text_width.ts";

/** Shows events to a person or a program. */
export type Renderer = (event: PipelineEvent) => void;

/** One event a line, as JSON. */
export function jsonRenderer(write: (line: string) => void): Renderer {
  return (event) => write(JSON.stringify(event));
}

/** Seconds, minutes or hours in short: `41s`, `2m 5s`. */
export function duration(ms: number): string {
  if (ms < 950) return `${(ms / 1000).toFixed(1)}s`;
  return formatDuration(Math.round(ms / 1000) * 1000, { style: "narrow", ignoreZero: true });
}

function changeText(change: Change, messages: Messages): string {
  if (change.type === "input") return messages.change(change.path, change.change, change.source);
  return describeChange(change);
}

/** A reason in the user's language. */
export function reasonText(reason: Reason, messages: Messages): string {
  switch (reason.type) {
    case "first":
      return messages.reasonFirst;
    case "changed":
      return reason.changes.map((change) => changeText(change, messages)).join(", ");
    case "gone":
      return messages.reasonGone;
    case "damaged":
      return messages.reasonDamaged(reason.detail);
    default:
      return reason satisfies never;
  }
}

type ProgressEvent = Extract<PipelineEvent, { type: "stage-progress" }>;

/** A number with four digits that matter. */
function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 0.001 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

/** How far a stage is: bar, count, time left, metrics. */
function progressText(event: ProgressEvent, messages: Messages): string {
  const { done, total, unit, note, metrics = {}, elapsedMs } = event;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const bar = total > 0 ? `${"█".repeat(Math.round(share * 16)).padEnd(16, "░")} ` : "";
  const left = share > 0 && share < 1 ? `  ${messages.left(duration(elapsedMs * (1 / share - 1)))}` : "";
  const numbers = Object.entries(metrics).map(([name, value]) => `${name} ${short(value)}`).join("  ");
  return `${bar}${note ? `${note} ` : ""}${done}${total > 0 ? `/${total}` : ""} ${unit}${left}${
    numbers ? `  ${numbers}` : ""
  }`;
}

function endText(event: Extract<PipelineEvent, { type: "stage-end" }>, width: number, messages: Messages): string {
  const status = event.status === "ran" ? messages.ran(duration(event.durationMs)) : messages[event.status];
  const why = event.reason ? `  ${messages.because(reasonText(event.reason, messages))}` : "";
  return `${colors.green("✓")} ${padToWidth(event.stage, width)}  ${status}${colors.gray(why)}`;
}

/** Least time between two progress lines of one stage where there is no terminal, in milliseconds. */
const plainInterval = 5000;

/**
 * Lines for a person. On a terminal, progress is one line that is written over; elsewhere a line every five seconds.
 * `columns` is the terminal's width, undefined where there is none.
 */
export function textRenderer(write: (text: string) => void, language: Language, columns: number | undefined): Renderer {
  const messages = messagesIn(language);
  let width = 0;
  let live = false;
  let shown = -Infinity;
  const line = (text: string) => {
    write(`${live ? "\r\x1b[2K" : ""}${text}\n`);
    live = false;
  };
  const onProgress = (event: ProgressEvent) => {
    const text = `  ${padToWidth(event.stage, width)}  ${progressText(event, messages)}`;
    if (columns !== undefined) {
      write(`\r\x1b[2K${cutToWidth(text, columns - 1)}`);
      live = true;
    } else if (event.elapsedMs - shown >= plainInterval) {
      shown = event.elapsedMs;
      line(text);
    }
  };
  return (event) => {
    switch (event.type) {
      case "pipeline-start":
        width = Math.max(...event.stages.map((stage) => stage.length));
        return;
      case "stage-start":
        shown = 0;
        return line(
          `${colors.cyan("▸")} ${padToWidth(event.stage, width)}  ${
            messages.starting(reasonText(event.reason, messages))
          }`,
        );
      case "stage-waiting":
        return line(`  ${padToWidth(event.stage, width)}  ${messages.waiting}`);
      case "stage-progress":
        return onProgress(event);
      case "stage-log": {
        const mark = event.level === "warn" ? colors.yellow(`${messages.warning}: `) : "";
        return line(`  ${padToWidth(event.stage, width)}  ${mark}${event.message}`);
      }
      case "stage-end":
        return line(endText(event, width, messages));
      case "stage-failed":
        return line(`${colors.red("✗")} ${padToWidth(event.stage, width)}  ${messages.failed}`);
      case "pipeline-end":
        return line(
          messages.done(
            { ran: event.counts.ran, cached: event.counts.cached + event.counts.fresh },
            duration(event.durationMs),
          ),
        );
      case "output-written": {
        line(`${messages.output(event.dir)}:`);
        for (const file of event.files.slice(0, 12)) line(`  ${file}`);
        if (event.files.length > 12) line(`  ${messages.andMore(event.files.length - 12)}`);
        return;
      }
      default:
        return event satisfies never;
    }
  };
}
