// What a terminal sends, told apart: keys that were pressed, and text that was pasted (bracketed paste).

/** Asks a terminal to put marks around what is pasted, and takes that back. */
export const [PASTE_MARKS_ON, PASTE_MARKS_OFF] = ["\x1b[?2004h", "\x1b[?2004l"];

const [PASTE_BEGINS, PASTE_ENDS] = ["\x1b[200~", "\x1b[201~"];

/** A line editor shows one line: this stands in it for the end of one. */
const LINE_END = "↵";
/** Stands for such a character that the person wrote: it is of the private use area, which no text has. */
const OWN_LINE_END = "\ue000";

/** A piece of input: keys up to the end of a line at most, or a whole paste as a line editor takes it. */
export type InputPiece = { readonly type: "keys" | "paste"; readonly text: string };

/** Cuts input into pieces. What comes behind the end of a line waits until the next line is asked for. */
export class TypedInput {
  #rest = "";

  /** Adds what came. */
  push(text: string): void {
    this.#rest += text;
  }

  /** The next piece; undefined until more comes. */
  next(): InputPiece | undefined {
    const text = this.#rest;
    if (text.startsWith(PASTE_BEGINS)) {
      const end = text.indexOf(PASTE_ENDS);
      if (end < 0) return undefined;
      this.#rest = text.slice(end + PASTE_ENDS.length);
      return { type: "paste", text: inOneLine(text.slice(PASTE_BEGINS.length, end)) };
    }
    const lineEnd = /\r\n?|\n/.exec(text);
    const paste = text.indexOf(PASTE_BEGINS);
    const ends = [lineEnd && lineEnd.index + lineEnd[0].length, paste < 0 ? text.length - begunMark(text) : paste];
    const length = Math.min(...ends.filter((end) => end !== null));
    this.#rest = text.slice(length);
    return length === 0 ? undefined : { type: "keys", text: text.slice(0, length).replaceAll(LINE_END, OWN_LINE_END) };
  }
}

/** The text that a line of the editor stands for. Empty lines at its end, which a paste often has, are left out. */
export function textOfLine(line: string): string {
  return line.replaceAll(LINE_END, "\n").replaceAll(OWN_LINE_END, LINE_END).replace(/\n+$/, "");
}

/** A paste in one line, without control characters, which an editor would obey. */
function inOneLine(text: string): string {
  const own = text.replaceAll(LINE_END, OWN_LINE_END).replaceAll(/\r\n?|\n/g, LINE_END);
  return own.replaceAll(/[^\P{Cc}\t]/gu, "");
}

/** How many characters at the end may be the beginning of a paste's mark. (ESC alone only says how the next key is meant.) */
function begunMark(text: string): number {
  for (let length = PASTE_BEGINS.length - 1; length > 0; length--) {
    if (text.endsWith(PASTE_BEGINS.slice(0, length))) return length;
  }
  return 0;
}
