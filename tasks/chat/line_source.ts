// Messages of a person: lines of a terminal, with editing and a history, or of a pipe.
import { createInterface } from "node:readline/promises";
import process from "node:process";
import { TextLineStream } from "@std/streams";

/** Gives lines; undefined at the end. */
export interface LineSource {
  /** Asks for a line. */
  line(prompt: string): Promise<string | undefined>;
}

/** Most lines that can be recalled with the arrow keys. */
const HISTORY_LINES = 500;

/** Lines that are typed. Ctrl-C and Ctrl-D end them. */
export class TerminalLines implements LineSource {
  #history: string[] = [];

  async line(prompt: string): Promise<string | undefined> {
    // One interface a line: while an answer is made the terminal is in its ordinary mode, and Ctrl-C a signal.
    const { stdin: input, stdout: output } = process;
    const options = { input, output, terminal: true, history: [...this.#history], historySize: HISTORY_LINES };
    const reader = createInterface(options);
    reader.on("history", (history) => this.#history = [...history]);
    reader.once("SIGINT", () => reader.close());
    const ended = new Promise<undefined>((resolve) => reader.once("close", () => resolve(undefined)));
    try {
      const line = await Promise.race([reader.question(prompt), ended]);
      if (line === undefined) console.log();
      return line;
    } finally {
      reader.close();
    }
  }
}

/** Lines of a pipe or a file. */
export class PipedLines implements LineSource {
  readonly #reader: ReadableStreamDefaultReader<string>;

  /** Reads bytes as UTF-8. */
  constructor(input: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = input.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  }

  async line(): Promise<string | undefined> {
    return (await this.#reader.read()).value;
  }
}

/** A line that begins and ends a message of several lines. */
const FENCE = '"""';

/** Ends in the middle of a message. */
export class OpenBlockError extends Error {
  override readonly name: string = "OpenBlockError";
}

/**
 * The next message: a line, lines that are joined by `\` at their ends, or what stands between two lines of `"""`.
 *
 * @throws {OpenBlockError} when the lines end before the second `"""`
 */
export async function nextMessage(source: LineSource): Promise<string | undefined> {
  let line = await source.line("> ");
  if (line?.trim() !== FENCE) {
    let text = "";
    for (; line?.endsWith("\\"); line = await source.line("… ")) text += `${line.slice(0, -1)}\n`;
    return line === undefined && text === "" ? undefined : text + (line ?? "");
  }
  const lines: string[] = [];
  while (true) {
    const line = await source.line("… ");
    if (line === undefined) throw new OpenBlockError();
    if (line.trim() === FENCE) return lines.join("\n");
    lines.push(line);
  }
}
