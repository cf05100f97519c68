import { join, relative } from "@std/path";
import type { PipelineEvent } from "../../../pipeline/core/mod.ts";
import { formatDuration, formatReason } from "./format.ts";
import type { Messages } from "../messages.ts";

/** Shows the events of a run. */
export interface Renderer {
  /** Shows one event. */
  show(event: PipelineEvent): void;
  /** Takes away what must not stay when the run is over, however it ended. */
  close(): void;
}

/** How many files and folders of the output are listed by name. */
const LISTED_FILES = 12;

/** The line that stays when a stage has its result: name, how it was come by, and why. */
export function endLine(event: Extract<PipelineEvent, { type: "stage-end" }>, messages: Messages): string {
  switch (event.status) {
    case "ran": {
      const why = event.reason === undefined ? "" : `  ${messages.because(formatReason(event.reason, messages))}`;
      return `${messages.ran(formatDuration(event.durationMs, messages))}${why}`;
    }
    case "cached":
      return messages.cached;
    case "fresh":
      return messages.fresh;
    default:
      return event.status satisfies never;
  }
}

/** The lines that say where the results lie. */
export function outputLines(event: Extract<PipelineEvent, { type: "output-written" }>, messages: Messages): string[] {
  const shown = relative(Deno.cwd(), event.dir);
  const dir = shown === "" ? "." : shown.startsWith("..") ? event.dir : shown;
  const lines = [messages.output(join(dir, "/"))];
  const names = [...new Set(event.files.map((file) => file.replace(/\/.*/, "/")))]; // a folder counts as one
  lines.push(...names.slice(0, LISTED_FILES).map((name) => `  ${name}`));
  if (names.length > LISTED_FILES) lines.push(`  ${messages.andMore(names.length - LISTED_FILES)}`);
  return lines;
}
