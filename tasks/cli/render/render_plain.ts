import type { PipelineEvent } from "../../../pipeline/core/mod.ts";
import { formatDuration, formatReason, Pace, progressWords } from "./format.ts";
import { memoryLines } from "./memory_lines.ts";
import type { Messages } from "../messages.ts";
import { endLine, outputLines, type Renderer } from "./renderer.ts";

/** The least time between two lines of progress. */
const PROGRESS_GAP_MS = 5_000;

/** Plain lines, for logs and pipes: no colours, nothing overwritten, progress every few seconds. */
export class PlainRenderer implements Renderer {
  readonly #write: (line: string) => void;
  readonly #messages: Messages;
  #pace = new Pace();
  #lastProgressMs = 0;
  #ending = false;

  /** Writes each line, without line feed, to `write`. */
  constructor(write: (line: string) => void, messages: Messages) {
    this.#write = write;
    this.#messages = messages;
  }

  show(event: PipelineEvent): void {
    const messages = this.#messages;
    switch (event.type) {
      case "stage-device": // the manifest has it
        return;
      case "pipeline-start":
        return;
      case "stage-start":
        this.#pace = new Pace();
        this.#lastProgressMs = 0;
        return this.#write(`> ${event.stage}  ${messages.starting(formatReason(event.reason, messages))}`);
      case "stage-waiting":
        return this.#write(`> ${event.stage}  ${messages.waiting}`);
      case "stage-progress":
        // That a run is about to stop is said at once, the first time.
        if (
          event.elapsedMs - this.#lastProgressMs < PROGRESS_GAP_MS && (event.endsInMs === undefined || this.#ending)
        ) {
          return void this.#pace.update(event);
        }
        this.#ending = event.endsInMs !== undefined;
        this.#lastProgressMs = event.elapsedMs;
        return this.#write(`  ${event.stage}  ${progressWords(event, this.#pace, messages).join("  ")}`);
      case "stage-log":
        return this.#write(
          `  ${event.stage}  ${event.level === "warn" ? `${messages.warning}: ` : ""}${event.message}`,
        );
      case "stage-memory":
        return memoryLines(event.memory, messages).forEach((line) => this.#write(`  ${event.stage}  ${line}`));
      case "stage-end":
        return this.#write(`✓ ${event.stage}  ${endLine(event, messages)}`);
      case "stage-failed":
        return this.#write(
          event.stopped ? `■ ${event.stage}  ${messages.stageStopped}` : `✗ ${event.stage}  ${messages.failed}`,
        );
      case "pipeline-end":
        return this.#write(messages.done(event.counts, formatDuration(event.durationMs, messages)));
      case "output-written":
        return outputLines(event, messages).forEach(this.#write);
      case "lock-written":
        return this.#write(messages.lockWritten(event.path));
      default:
        return event satisfies never;
    }
  }

  close(): void {}
}
