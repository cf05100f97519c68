import { describeValue, errorAt, type Place } from "./errors.ts";
import { asFields, has, optionalText, type RowSchema } from "./row_fields.ts";
import { conversationExample, exchangeExample, listField, readTurns, type TurnForm } from "./turns.ts";

const SHAREGPT: TurnForm = {
  list: "conversations",
  role: "from",
  text: "value",
  roles: {
    human: "user",
    user: "user",
    gpt: "assistant",
    chatgpt: "assistant",
    assistant: "assistant",
    bing: "assistant",
    bard: "assistant",
    system: "system",
  },
};

const MESSAGES: TurnForm = {
  list: "messages",
  role: "role",
  text: "content",
  roles: { user: "user", assistant: "assistant", system: "system", developer: "system" },
};

/** ShareGPT's rows: `{conversations: [{from: "human" | "gpt" | "system", value}]}`, perhaps with a `system` beside. */
export const sharegptSchema: RowSchema = {
  name: "sharegpt",
  examples(value, place) {
    const row = asFields(value, place, "row");
    const system = optionalText(row, "system", place);
    const turns = readTurns(row, SHAREGPT, place);
    return [conversationExample(system === "" ? turns : [{ role: "system", text: system }, ...turns])];
  },
};

/** OpenAI's rows: `{messages: [{role: "system" | "user" | "assistant", content}]}`. Calls of tools are not read. */
export const messagesSchema: RowSchema = {
  name: "messages",
  examples: (value, place) => [conversationExample(readTurns(asFields(value, place, "row"), MESSAGES, place))],
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
    const system = has(row, "system") ? optionalText(row, "system", place) : "";
    return [exchangeExample(questions.map((question, index) => [question, answers[index]!]), system)];
  },
};

function texts(list: readonly unknown[], name: string, place: Place): string[] {
  return list.map((value, index) => {
    if (typeof value === "string") return value;
    throw errorAt(place, `field "${name}[${index}]": wanted a string, found ${describeValue(value)}`);
  });
}
