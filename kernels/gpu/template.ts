// Shaders are real .wgsl files with a small template language, because inner loops must be unrolled before the compiler
// sees them (it clamps every access and counts every loop):
//   //% for i in 0..ROWS     repeats the lines up to its //% end, with i as a constant
//   //% if SHUFFLE           keeps the lines up to //% else or //% end when the expression is true
//   {{i % LANES}}            the value of an expression over the constants and loop variables

/** Values that a shader is specialised for. */
export type Constants = Readonly<Record<string, number | boolean | string>>;

type Scope = Record<string, number | boolean | string>;

interface Cursor {
  readonly lines: readonly string[];
  at: number;
}

function evaluate(expression: string, scope: Scope, line: number): unknown {
  try {
    // The expressions come from this project's own shader files only.
    return new Function(...Object.keys(scope), `return (${expression});`)(...Object.values(scope));
  } catch (error) {
    throw new Error(`shader template line ${line + 1}: cannot evaluate "${expression}": ${(error as Error).message}`);
  }
}

/** Skips or renders lines until the directive that ends this block; returns that directive's word. */
function block(cursor: Cursor, scope: Scope, output: string[] | undefined): string {
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at]!;
    const [, word, rest = ""] = line.match(/^\s*\/\/% (\w+)\s*(.*)$/) ?? [];
    cursor.at++;
    if (word === "end" || word === "else") return word;
    if (word === "for") repeat(cursor, scope, output, rest);
    else if (word === "if") choose(cursor, scope, output, rest);
    else if (word) throw new Error(`shader template line ${cursor.at}: unknown directive "${word}"`);
    else output?.push(line.replace(/\{\{(.+?)\}\}/g, (_, e: string) => String(evaluate(e, scope, cursor.at - 1))));
  }
  return "";
}

function repeat(cursor: Cursor, scope: Scope, output: string[] | undefined, header: string): void {
  const [, name, from, to] = header.match(/^(\w+) in (.+)\.\.(.+)$/) ?? [];
  if (!name) throw new Error(`shader template line ${cursor.at}: wanted "for NAME in FROM..TO", found "for ${header}"`);
  const start = cursor.at;
  const first = output ? Number(evaluate(from!, scope, start - 1)) : 0;
  const last = output ? Number(evaluate(to!, scope, start - 1)) : 0;
  if (first >= last) block(cursor, scope, undefined);
  for (let value = first; value < last; value++) {
    cursor.at = start;
    block(cursor, { ...scope, [name]: value }, output);
  }
}

function choose(cursor: Cursor, scope: Scope, output: string[] | undefined, condition: string): void {
  const yes = output !== undefined && Boolean(evaluate(condition, scope, cursor.at - 1));
  const ended = block(cursor, scope, yes ? output : undefined);
  if (ended === "else") block(cursor, scope, yes ? undefined : output);
}

/** Renders a shader template. Errors name the template's line. */
export function render(source: string, constants: Constants): string {
  const output: string[] = [];
  const cursor = { lines: source.split("\n"), at: 0 };
  const ended = block(cursor, { ...constants }, output);
  if (ended) throw new Error(`shader template line ${cursor.at}: "${ended}" without its beginning`);
  return output.join("\n");
}
