import { describeValue, errorAt, type Place } from "../errors.ts";
import { asFields, type RowSchema } from "./row_fields.ts";
import { conversationExample, exchangeExample, listField, readTurns } from "./turns.ts";

/** ShareGPT's rows: `{conversations: [{from: "human" | "gpt" | "system", value}]}`. */
export const sharegptSchema: RowSchema = {
  name: "sharegpt",
  examples: (row, place) => [conversationExample(readTurns(asFields(row, place, "row"), "conversations", place))],
};

/** OpenAI's rows: `{messages: [{role: "system" | "user" | "assistant", content}]}`. Calls of tools are not read. */
export const messagesSchema: RowSchema = {
  name: "messages",
  examples: (row, place) => [conversationExample(readTurns(asFields(row, place, "row"), "messages", place))],
};

/** Chinese-Vicuna's chat rows: `{input: [questions], output: [answers]}`, lists of equal length. */
export const chatSchema: RowSchema = {
  name: "chat",
  examples(value, place) {
    const row = asFields(value, place, "row");
    const questions = texts(listField(row, "input", place), "input", place);
    const answers = texts(listField(row, "output", place), "output", place);
    if (questions.length !== answers.length) {
      throw errorAt(
        place,
        `fields "input" and "output": wanted lists of equal length, found ${questions.length} and ${answers.length}`,
      );
    }
    return [exchangeExample(questions.map((question, index) => [question, answers[index]!]))];
  },
};

/** The strings of a list; `name` is what messages call it. */
export function texts(list: readonly unknown[], name: string, place: Place): string[] {
  return list.map((value, index) => {
    if (typeof value === "string") return value;
    throw errorAt(place, `field "${name}[${index}]": wanted a string, found ${describeValue(value)}`);
  });
}
