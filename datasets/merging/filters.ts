import { isBlank } from "../blank.ts";
import { type RawExample } from "../example.ts";
import { isReservedAnswer } from "../formats/guanaco.ts";
import { languageOf, type TextLanguage } from "./language.ts";

/** Which examples are wanted. */
export interface Filters {
  /** Languages to keep, told from all text of an example; all if absent. */
  readonly languages?: readonly TextLanguage[];
  /** Fewest characters (UTF-16 units) of an example, all its text together; 0 if absent. */
  readonly minCharacters?: number;
  /** Most characters of an example; no limit if absent. */
  readonly maxCharacters?: number;
  /** What becomes of Guanaco's reserved answers; kept if absent. */
  readonly reservedAnswers?: "keep" | "drop";
  /** What becomes of examples almost equal to an earlier one; kept if absent. */
  readonly nearDuplicates?: "keep" | "drop";
}

/** Why an example is left out of the merged data. */
export type DropReason =
  | "bad row"
  | "empty instruction"
  | "empty output"
  | "language"
  | "length"
  | "reserved answer"
  | "duplicate"
  | "near duplicate"
  | "not sampled";

/** All reasons, in the order in which they are looked for. */
export const DROP_REASONS: readonly DropReason[] = [
  "bad row",
  "empty instruction",
  "empty output",
  "language",
  "length",
  "reserved answer",
  "duplicate",
  "near duplicate",
  "not sampled",
];

/** Why an example cannot be learnt from, or is not wanted, whatever the other rows are. */
export function dropReason(example: RawExample, filters: Filters): DropReason | undefined {
  const { instruction, input, output } = example;
  if (isBlank(output)) return "empty output";
  if (isBlank(instruction) && isBlank(input)) return "empty instruction";
  const { languages, minCharacters = 0, maxCharacters = Infinity, reservedAnswers } = filters;
  if (languages !== undefined || minCharacters > 0 || maxCharacters < Infinity) {
    const text = allText(example);
    if (languages !== undefined && !languages.includes(languageOf(text))) return "language";
    if (text.length < minCharacters || text.length > maxCharacters) return "length";
  }
  return reservedAnswers === "drop" && isReservedAnswer(output) ? "reserved answer" : undefined;
}

/** All text of an example. */
export function allText({ instruction, input, output, system = "", history = [] }: RawExample): string {
  return [system, ...history.flat(), instruction, input, output].filter((text) => text !== "").join("\n");
}
