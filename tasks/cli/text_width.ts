/** Characters that take two columns: East Asian wide and full-width forms, and most emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

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
