import type { FormatName } from "./formats.ts";
import { normaliseNewlines } from "./normalise.ts";
import type { RawExample } from "./row_fields.ts";

/** An example whose text is clean, and what was done to it. */
export interface CleanExample {
  readonly example: RawExample;
  /** Whether a literal backslash-n became a newline. */
  readonly newlines: boolean;
  /** Whether half of a surrogate pair became U+FFFD. */
  readonly surrogates: boolean;
}

/** Why a row is left out of the merged data. */
export type DropReason = "duplicate" | "empty instruction" | "empty output";

/** Repairs the text of an example: literal newlines (see `normaliseNewlines`) and lone surrogates. */
export function cleanExample(raw: RawExample, format: FormatName): CleanExample {
  const question = format === "belle" ? "everywhere" : "line-ends";
  const repaired = {
    instruction: normaliseNewlines(raw.instruction, question),
    input: normaliseNewlines(raw.input, question),
    output: normaliseNewlines(raw.output, "line-ends"),
  };
  const example = {
    instruction: repaired.instruction.toWellFormed(),
    input: repaired.input.toWellFormed(),
    output: repaired.output.toWellFormed(),
  };
  return { example, newlines: differ(raw, repaired), surrogates: differ(repaired, example) };
}

/** Why an example cannot be learnt from, whatever the other rows are. */
export function emptyReason({ instruction, input, output }: RawExample): DropReason | undefined {
  if (output.trim() === "") return "empty output";
  return instruction.trim() === "" && input.trim() === "" ? "empty instruction" : undefined;
}

function differ(a: RawExample, b: RawExample): boolean {
  return a.instruction !== b.instruction || a.input !== b.input || a.output !== b.output;
}
