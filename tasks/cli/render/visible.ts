// Names come from files, models and command lines: what a terminal would obey in them is shown, not sent.

/** Control characters, but for line feed and tab, and marks that turn the direction of text. */
// deno-lint-ignore no-control-regex
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** All of it, as `\uXXXX`, which JSON reads as the same character. */
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A text of one or more lines with nothing in it that a terminal obeys. */
export function visible(text: string): string {
  return text.replace(OBEYED, escaped);
}

/** A name, which stays on its line. */
export function visibleName(text: string): string {
  return visible(text).replace(/[\n\t]/g, (character) => JSON.stringify(character).slice(1, -1));
}

/** A message in which what the user gave on the command line, such as a file's name, stays on its line. */
export function visibleMessage(message: string, args: readonly string[]): string {
  const names = args.flatMap((arg) => arg.split(/[:=*]/)).filter((part) => /\S[\n\t]|[\n\t]\S/.test(part));
  return visible(names.reduce((text, name) => text.replaceAll(name, visibleName(name)), message));
}

/** A record in which every text but `message` is a name; `args` are what the user gave, as for a message by itself. */
export function visibleRecord<T>(value: T, args: readonly string[], key = ""): T {
  if (typeof value === "string") return (key === "message" ? visibleMessage(value, args) : visibleName(value)) as T;
  if (Array.isArray(value)) return value.map((each) => visibleRecord(each, args)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, visibleRecord(each, args, name)]),
  ) as T;
}

/** Lets everything that is printed to the console pass through {@linkcode visible}. */
export function makeConsoleVisible(): void {
  for (const name of ["log", "error", "warn", "info"] as const) {
    const print = console[name].bind(console);
    console[name] = (...parts: unknown[]) =>
      print(...parts.map((part) => visible(typeof part === "string" ? part : Deno.inspect(part))));
  }
}
