// Messages of a person, made of lines: those of a pipe, or of a terminal (terminal_lines.ts).
import { TextLineStream } from "@std/streams";

/** Gives lines; undefined at the end. What was pasted comes as one, with the ends of lines that it has. */
export interface LineSource {
  /** Asks for a line. */
  line(prompt: string): Promise<string | undefined>;
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
 * The next message: a line, lines that are joined by `\` at their ends, or what stands between two lines of `"""`. What
 * was pasted is one line of it, or such a block.
 *
 * @throws {OpenBlockError} when the lines end before the second `"""`
 */
export async function nextMessage(source: LineSource): Promise<string | undefined> {
  let line = await source.line("> ");
  const block = line === undefined ? undefined : openedBlock(line);
  if (block !== undefined) return await restOfBlock(block, source);
  let text = "";
  for (; line?.endsWith("\\"); line = await source.line("… ")) text += `${line.slice(0, -1)}\n`;
  return line === undefined && text === "" ? undefined : text + (line ?? "");
}

/** The lines of a block after the `"""` that begins it; undefined for what begins none, or has more behind its end. */
function openedBlock(line: string): string[] | undefined {
  const [first, ...lines] = line.split("\n");
  if (first?.trim() !== FENCE) return undefined;
  return lines.slice(0, -1).some((line) => line.trim() === FENCE) ? undefined : lines;
}

async function restOfBlock(lines: string[], source: LineSource): Promise<string> {
  while (lines.at(-1)?.trim() !== FENCE) {
    const line = await source.line("… ");
    if (line === undefined) throw new OpenBlockError();
    lines.push(...line.split("\n"));
  }
  return lines.slice(0, -1).join("\n");
}
