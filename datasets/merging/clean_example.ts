import { isBlank } from "../blank.ts";
import type { RawExample } from "../example.ts";
import type { FormatName } from "../formats/formats.ts";
import { type LiteralNewlines, normaliseNewlines } from "./normalise.ts";

/** An example whose text is clean, and what was done to it. */
export interface CleanExample {
  readonly example: RawExample;
  /** Whether a literal backslash-n became a newline. */
  readonly newlines: boolean;
  /** Whether half of a surrogate pair became U+FFFD. */
  readonly surrogates: boolean;
}

/**
 * Repairs the text of an example: lone surrogates, and, in sources of which that is wanted, literal newlines (see
 * `normaliseNewlines`). A text that would be nothing but newlines then is left as it is: that was meant.
 */
export function cleanExample(
  raw: RawExample,
  format: FormatName,
  literalNewlines: LiteralNewlines = "belle",
): CleanExample {
  const repairs = literalNewlines === "repair" || literalNewlines === "belle" && format === "belle";
  const where = format === "belle" ? "everywhere" : "line-ends";
  let newlines = false;
  let surrogates = false;
  const clean = (text: string, isQuestion: boolean): string => {
    const found = repairs ? normaliseNewlines(text, isQuestion ? where : "line-ends") : text;
    const repaired = isBlank(found) ? text : found;
    if (repaired !== text) newlines = true;
    if (repaired.isWellFormed()) return repaired;
    surrogates = true;
    return repaired.toWellFormed();
  };
  const { instruction, input, output, system, history, turns, layout } = raw;
  const example: RawExample = {
    instruction: clean(instruction, true),
    input: clean(input, true),
    output: clean(output, false),
    ...(system === undefined ? {} : { system: clean(system, true) }),
    ...(history === undefined
      ? {}
      : { history: history.map(([asked, answered]) => [clean(asked, true), clean(answered, false)] as const) }),
    ...(turns === undefined
      ? {}
      : { turns: turns.map(({ role, text }) => ({ role, text: clean(text, role !== "assistant") })) }),
    ...(layout === undefined ? {} : { layout }),
  };
  return { example, newlines, surrogates };
}
