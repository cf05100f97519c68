import { bold, cyan, dim, green, red, yellow } from "@std/fmt/colors";
import type { PipelineEvent } from "../../../pipeline/core/mod.ts";
import { formatDuration, formatReason, Pace, progressWords } from "./format.ts";
import { memoryLines } from "./memory_lines.ts";
import type { Messages } from "../messages.ts";
import { endLine, outputLines, type Renderer } from "./renderer.ts";
import { cutToWidth, padToWidth } from "./text_width.ts";

const BAR_COLUMNS = 20;
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const TICK_MS = 120;

/** Where a terminal renderer writes. */
export interface TerminalScreen {
  /** Writes a text as it is. */
  write(text: string): void;
  /** Width in columns. */
  columns(): number;
}

/** Coloured lines that stay, and below them one live line for the stage that computes. */
export class TerminalRenderer implements Renderer {
  readonly #screen: TerminalScreen;
  readonly #messages: Messages;
  #nameColumns = 0;
  #pace = new Pace();
  #live: { stage: string; bar: string; words: string; started: number } | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Writes to `screen`. */
  constructor(screen: TerminalScreen, messages: Messages) {
    this.#screen = screen;
    this.#messages = messages;
  }

  show(event: PipelineEvent): void {
    const messages = this.#messages;
    switch (event.type) {
      case "stage-device": // the manifest has it
        return;
      case "pipeline-start":
        this.#nameColumns = Math.max(...event.stages.map((stage) => stage.length));
        return this.#line(bold(event.pipeline));
      case "stage-start":
        this.#pace = new Pace();
        return this.#setLive(event.stage, "", messages.because(formatReason(event.reason, messages)));
      case "stage-waiting":
        return this.#setLive(event.stage, "", messages.waiting);
      case "stage-progress":
        return this.#setLive(event.stage, bar(event), progressWords(event, this.#pace, messages).join("  "));
      case "stage-log":
        return this.#line(`  ${event.level === "warn" ? yellow(event.message) : dim(event.message)}`);
      case "stage-memory":
        return memoryLines(event.memory, messages).forEach((line) => this.#line(`  ${dim(line)}`));
      case "stage-end":
        this.#clearLive();
        return this.#line(`${green("✓")} ${this.#name(event.stage)}  ${dim(endLine(event, messages))}`);
      case "stage-failed":
        this.#clearLive();
        return this.#line(
          event.stopped
            ? `${yellow("■")} ${this.#name(event.stage)}  ${yellow(messages.stageStopped)}`
            : `${red("✗")} ${this.#name(event.stage)}  ${red(messages.failed)}`,
        );
      case "pipeline-end":
        return this.#line(dim(messages.done(event.counts, formatDuration(event.durationMs, messages))));
      case "output-written":
        return outputLines(event, messages).forEach((line, i) => this.#line(i === 0 ? bold(line) : line));
      case "lock-written":
        return this.#line(dim(messages.lockWritten(event.path)));
      default:
        return event satisfies never;
    }
  }

  close(): void {
    this.#clearLive();
  }

  #name(stage: string): string {
    return padToWidth(stage, this.#nameColumns);
  }

  #line(text: string): void {
    this.#erase();
    this.#screen.write(`${text}\n`);
    this.#draw();
  }

  #setLive(stage: string, bar: string, words: string): void {
    const started = this.#live?.stage === stage ? this.#live.started : performance.now();
    this.#live = { stage, bar, words, started };
    if (this.#timer === undefined) {
      const timer = setInterval(() => this.#redraw(), TICK_MS);
      Deno.unrefTimer(timer);
      this.#timer = timer;
    }
    this.#redraw();
  }

  #clearLive(): void {
    this.#erase();
    this.#live = undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #redraw(): void {
    this.#erase();
    this.#draw();
  }

  #erase(): void {
    if (this.#live !== undefined) this.#screen.write("\r\x1b[K");
  }

  #draw(): void {
    if (this.#live === undefined) return;
    const { stage, bar, words, started } = this.#live;
    const spinner = SPINNER[Math.floor(performance.now() / TICK_MS) % SPINNER.length] ?? "";
    const elapsed = bar === "" ? `${formatDuration(performance.now() - started, this.#messages)}  ` : `${bar}  `;
    const text = cutToWidth(`${spinner} ${this.#name(stage)}  ${elapsed}${words}`, this.#screen.columns() - 1);
    this.#screen.write(cyan(text));
  }
}

function bar({ done, total }: { done: number; total: number }): string {
  if (total <= 0) return "";
  const filled = Math.round(Math.min(1, done / total) * BAR_COLUMNS);
  return "█".repeat(filled) + "░".repeat(BAR_COLUMNS - filled);
}
