import { threeFields } from "./alpaca.ts";
import { type Exchange, flatten, type RawExample } from "../example.ts";
import { asFields, type RowSchema } from "./row_fields.ts";
import { exchangeExample } from "./turns.ts";

/**
 * Guanaco's rows: `instruction` holds the history as `User: …` and `Assistant: …` lines and may be empty, `input` holds
 * `System: knowledge` and `User: question`, `output` the answer. Rows of this form become conversations, if the
 * conversation, put together again, gives the same text (but for blanks at its ends); all others stay as they are.
 */
export const guanacoSchema: RowSchema = {
  name: "guanaco",
  examples(row, place) {
    const example = threeFields(asFields(row, place, "row"), place);
    return [guanacoTurns(example) ?? example];
  },
};

/** The conversation that an example holds in Guanaco's form; undefined if it holds none. */
export function guanacoTurns(example: RawExample): RawExample | undefined {
  const asked = /^(?:System: (?<system>[^]*?)\n)?User: (?<question>[^]*)$/.exec(example.input.trim());
  const history = example.instruction.trim();
  if (asked === null || (history !== "" && !history.startsWith("User: "))) return undefined;
  const exchanges = history.split(/(?:^|\n)User: /).slice(1).map((turn): Exchange => {
    const [question, ...answers] = turn.split("\nAssistant: ");
    return [question!, answers.join("\nAssistant: ")];
  });
  const { system, question } = asked.groups!;
  const conversation: RawExample = {
    ...exchangeExample([...exchanges, [question!, example.output]], system),
    layout: "guanaco",
  };
  const again = flatten(conversation);
  return again.instruction === history && again.input === example.input.trim() ? conversation : undefined;
}

/** Guanaco's answers with a reserved meaning: not known, refused, not for every reader. */
const RESERVED_ANSWERS = new Set(["NO IDEA", "FORBIDDEN", "SFW"]);

/**
 * Whether an answer is one of Guanaco's reserved ones. Such rows are kept by default, as Chinese-Vicuna kept them,
 * because they teach the model to refuse; merge counts them so that nobody wonders where a bare "FORBIDDEN" comes from.
 */
export function isReservedAnswer(output: string): boolean {
  return output.length < 16 && RESERVED_ANSWERS.has(output.trim().replace(/[.。!！]$/, "").toUpperCase());
}
