import { threeFields } from "./alpaca.ts";
import type { RowSchema } from "./row_fields.ts";

/**
 * Guanaco's rows: `instruction` holds the history as `User: …` and `Assistant: …` lines and may be empty, `input` holds
 * `System: knowledge` and `User: question`, `output` the answer. The text is kept as it is, since the prompt template
 * of Chinese-Vicuna puts these very fields into its two boxes.
 */
export const guanacoSchema: RowSchema = { name: "guanaco", examples: (row, place) => [threeFields(row, place)] };

/** Guanaco's answers with a reserved meaning: not known, refused, not for every reader. */
const RESERVED_ANSWERS = new Set(["NO IDEA", "FORBIDDEN", "SFW"]);

/**
 * Whether an answer is one of Guanaco's reserved ones. Such rows are kept, as Chinese-Vicuna kept them, because they
 * teach the model to refuse; merge counts them so that nobody wonders where a bare "FORBIDDEN" comes from.
 */
export function isReservedAnswer(output: string): boolean {
  return output.length < 16 && RESERVED_ANSWERS.has(output.trim().replace(/[.。!！]$/, "").toUpperCase());
}
