/** Characters that take two columns: East Asian wide and full-width forms, and most emoji. As a class of a RegExp. */
const WIDE_CLASS = String
  .raw`\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}`;

const WIDE = new RegExp(`[${WIDE_CLASS}]`, "u");

/**
 * What a line is broken between: a Chinese character or a run of narrow ones, with the spaces before it. A closing mark
 * does not begin a line, an opening one does not end it.
 */
const PIECES = new RegExp(`\\s*[（「《【“]*(?:[^\\s${WIDE_CLASS}]+|\\S)[，。、；：！？）」》】”]*`, "gu");

/** Colours and other escape sequences, which take no column. */
// deno-lint-ignore no-control-regex
const ESCAPES = /\x1b\[[0-9;]*[A-Za-z]/g;

/** A text without colours and other escape sequences. */
export function withoutEscapes(text: string): string {
  return text.replace(ESCAPES, "");
}

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of withoutEscapes(text)) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** Cuts a text without escape sequences to a number of columns. */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let cut = "";
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns - 1) return `${cut}…`;
    cut += character;
  }
  return cut;
}

/** Fills a text with spaces to a number of columns. */
export function padToWidth(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

/**
 * Breaks lines to a number of columns, between words and between Chinese characters. What continues a line stands below
 * its text: as far in as the line began, or as the text that follows a term and two spaces or more.
 */
export function wrapToWidth(text: string, columns: number): string {
  return text.split("\n").map((line) => wrapLine(line, columns)).join("\n");
}

function wrapLine(line: string, columns: number): string {
  const [start = ""] = /^\s*(?:\S+(?: \S+)*\s{2,})?/.exec(line) ?? [];
  const margin = " ".repeat(displayWidth(start));
  const lines: string[] = [];
  let current = start;
  let isEmpty = true;
  for (const [piece] of line.slice(start.length).matchAll(PIECES)) {
    if (!isEmpty && displayWidth(current + piece) > columns) {
      lines.push(current);
      current = margin + piece.trimStart();
    } else current += piece;
    isEmpty = false;
  }
  return [...lines, current].join("\n");
}
