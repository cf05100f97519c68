import type { TokenStream } from "../tokenizer/token_decoder.ts";

/** What a token adds to an answer. */
export interface TextPiece {
  /** Whole characters that no stop text can begin in; often empty. */
  readonly text: string;
  /** The stop text that the token completed; the answer ends before it. */
  readonly stop?: string;
}

/** Turns an answer's ids into text piece by piece, holding back what may become a stop text. */
export class AnswerText {
  readonly #stream: TokenStream;
  readonly #stops: readonly string[];
  #held = "";

  /** Empty stop texts are left out. */
  constructor(stream: TokenStream, stops: readonly string[]) {
    this.#stream = stream;
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** The text that an id completes. */
  push(id: number): TextPiece {
    return this.#add(this.#stream.push(id));
  }

  /** The text that is left when no more ids come. */
  end(): TextPiece {
    const last = this.#add(this.#stream.end());
    if (last.stop !== undefined) return last;
    const text = last.text + this.#held;
    this.#held = "";
    return { text };
  }

  #add(more: string): TextPiece {
    const text = this.#held + more;
    const found = firstOf(this.#stops, text);
    if (found) {
      this.#held = "";
      return { text: text.slice(0, found.at), stop: found.stop };
    }
    const end = text.length - Math.max(0, ...this.#stops.map((stop) => beginningAtEnd(text, stop)));
    this.#held = text.slice(end);
    return { text: text.slice(0, end) };
  }
}

/** The stop text that comes first in a text. */
export function firstOf(stops: readonly string[], text: string): { at: number; stop: string } | undefined {
  let first: { at: number; stop: string } | undefined;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at >= 0 && (!first || at < first.at)) first = { at, stop };
  }
  return first;
}

/** How many characters at a text's end are the beginning of a stop text. */
function beginningAtEnd(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
