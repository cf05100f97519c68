// Lines that a person types or pastes at a terminal, with editing and a history.
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline/promises";
import process from "node:process";
import type { LineSource } from "./line_source.ts";
import { PASTE_MARKS_OFF, PASTE_MARKS_ON, textOfLine, TypedInput } from "./typed_input.ts";

/** Most lines that can be recalled with the arrow keys. */
const HISTORY_LINES = 500;

/** A terminal's two sides. */
export type Terminal = Pick<typeof process, "stdin" | "stdout">;

/** What the line editor takes for a terminal: it is given keys when a line is asked for. */
class Keys extends EventEmitter {
  constructor(readonly setRawMode: (on: boolean) => void) {
    super();
  }
  resume(): this {
    return this;
  }
  pause(): this {
    return this;
  }
}

/** Lines that are typed or pasted; a paste may have several. Ctrl-C, Ctrl-D and an aborted signal end them. */
export class TerminalLines implements LineSource {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  readonly #typed = new TypedInput();
  #history: string[] = [];

  constructor(signal: AbortSignal, terminal: Terminal = process) {
    this.#signal = signal;
    this.#terminal = terminal;
    // Also where the process ends at once.
    addEventListener("unload", () => terminal.stdout.write(PASTE_MARKS_OFF));
  }

  async line(prompt: string): Promise<string | undefined> {
    // One interface a line: while an answer is made the terminal is in its ordinary mode, and Ctrl-C a signal.
    const { stdin, stdout } = this.#terminal;
    const keys = new Keys((on) => stdin.setRawMode(on));
    const reader = createInterface({
      input: keys as unknown as NodeJS.ReadableStream,
      ...{ output: stdout, terminal: true, history: [...this.#history], historySize: HISTORY_LINES },
    });
    const close = () => reader.close();
    const ended = new Promise<undefined>((resolve) => reader.once("close", () => resolve(undefined)));
    let answered = false;
    const hand = () => {
      for (let piece; !answered && (piece = this.#typed.next()) !== undefined;) {
        if (piece.type === "paste") reader.write(piece.text);
        else {
          keys.emit("data", new TextEncoder().encode(piece.text));
          answered ||= /[\r\n]$/.test(piece.text);
        }
      }
    };
    const decoder = new TextDecoder();
    const hear = (bytes: Uint8Array) => {
      this.#typed.push(decoder.decode(bytes, { stream: true }));
      hand();
    };
    reader.on("history", (history) => this.#history = [...history]);
    reader.once("SIGINT", close);
    reader.once("close", () => answered = true);
    this.#signal.addEventListener("abort", close);
    try {
      stdout.write(PASTE_MARKS_ON);
      const question = reader.question(prompt);
      stdin.on("data", hear).once("end", close).resume();
      hand();
      const line = await Promise.race([question, ended]);
      if (line === undefined) stdout.write("\n");
      return line === undefined ? undefined : textOfLine(line);
    } finally {
      reader.close();
      this.#signal.removeEventListener("abort", close);
      stdin.off("data", hear).off("end", close).pause();
      stdout.write(PASTE_MARKS_OFF);
    }
  }
}
