import { texts } from "./chat_schemas.ts";
import { asFields, type RowSchema } from "./row_fields.ts";
import { conversationExample, listField } from "./turns.ts";

/** Field under which a dialogue is kept that is a row by itself; published tables call it so. */
export const DIALOG = "dialog";

/**
 * Dialogues of LCCC: a list of turns, `["去 哪 吃 ？", "火锅 吧"]`, by itself or as `{dialog: […]}`. The first turn is the
 * user's, then they alternate. Words are parted by spaces there; they are joined again, see {@link joinWords}.
 */
export const lcccSchema: RowSchema = {
  name: "lccc",
  examples(value, place) {
    const row = asFields(value, place, "row");
    const turns = texts(listField(row, DIALOG, place), DIALOG, place);
    return [
      conversationExample(turns.map((text, index) => {
        return { role: index % 2 === 0 ? "user" : "assistant", text: joinWords(text) };
      })),
    ];
  },
};

const WORD = String.raw`[\p{Script=Latin}\p{Nd}]`;

/** Spaces that part words: all but those between two Latin words or numbers, also behind a comma or a full stop. */
const PARTING = new RegExp(`(?<!${WORD}(?: ?[,.;:!?])?) +| +(?!${WORD})`, "gu");

/** Joins words that are parted by spaces; a space stays between two words in Latin letters or numbers. */
export function joinWords(text: string): string {
  return text.trim().replaceAll(PARTING, "");
}
