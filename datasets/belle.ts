import { threeFields } from "./alpaca.ts";
import type { Place } from "./errors.ts";
import { type Exchange, flatten, type RawExample } from "./example.ts";
import { asFields, type Fields, has, optionalText, type RowSchema, text } from "./row_fields.ts";
import { conversationExample, exchangeExample, listField, readTurns, type TurnForm } from "./turns.ts";

const TURNS: TurnForm = {
  list: "conversations",
  role: "from",
  text: "value",
  roles: { human: "user", assistant: "assistant" },
};

/**
 * BELLE's rows. The form is chosen row by row from the fields:
 *
 * - `{input, target}` (early 0.5M): `input` is the instruction;
 * - `{instruction, input, output}` (later files; in multiturn_chat the history stands in `instruction`, as `Human:` and
 *   `Assistant:` turns);
 * - `{conversations: [{from: "human" | "assistant", value}]}` (3.5M);
 * - `{instruction, instances: [{input, output}]}` (seed tasks): one example an instance.
 */
export const belleSchema: RowSchema = { name: "belle", examples: belleExamples };

function belleExamples(value: unknown, place: Place): RawExample[] {
  const row = asFields(value, place, "row");
  if (has(row, "conversations")) return [conversationExample(readTurns(row, TURNS, place))];
  if (has(row, "instances")) return fromInstances(row, place);
  if (has(row, "target") && !has(row, "output")) {
    return [{ instruction: text(row, "input", place), input: "", output: text(row, "target", place) }];
  }
  return [withTurns(threeFields(row, place))];
}

function fromInstances(row: Fields, place: Place): RawExample[] {
  const instruction = text(row, "instruction", place);
  return listField(row, "instances", place).map((item, index) => {
    const path = `instances[${index}]`;
    const instance = asFields(item, place, `field "${path}"`);
    return {
      instruction,
      input: optionalText(instance, "input", place, `${path}.input`),
      output: text(instance, "output", place, `${path}.output`),
    };
  });
}

/** Takes the turns of `Human:…\nAssistant:…\nHuman:…\nAssistant:` apart, if putting them together gives the same text. */
function withTurns(example: RawExample): RawExample {
  const { instruction, input, output } = example;
  if (input !== "" || !instruction.startsWith("Human:") || !instruction.endsWith("\nAssistant:")) return example;
  const exchanges = instruction.split(/(?:^|\n)Human:/).slice(1).map((turn): Exchange => {
    const [question, ...answers] = turn.split("\nAssistant:");
    return [question!, answers.join("\nAssistant:")];
  });
  const last = exchanges.at(-1)!;
  const conversation = exchangeExample([...exchanges.slice(0, -1), [last[0], output]]);
  return flatten(conversation).instruction === instruction ? conversation : example;
}
