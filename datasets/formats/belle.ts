import { threeFields } from "./alpaca.ts";
import type { Place } from "../errors.ts";
import { type Exchange, flatten, type RawExample } from "../example.ts";
import { asFields, type Fields, has, optionalText, type RowSchema, text } from "./row_fields.ts";
import { conversationExample, exchangeExample, listField, readTurns } from "./turns.ts";

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
  if (isSet(row, "conversations")) return [conversationExample(readTurns(row, "conversations", place))];
  if (isSet(row, "instances")) return fromInstances(row, place);
  if (isSet(row, "target") && !isSet(row, "output")) {
    return [{ instruction: text(row, "input", place), input: "", output: text(row, "target", place) }];
  }
  const example = threeFields(row, place);
  return [multiturnChat(example) ?? example];
}

/** Tables of several forms have null in the columns of the others. */
function isSet(row: Fields, name: string): boolean {
  return has(row, name) && row[name] !== null;
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

/**
 * The conversation of an example whose instruction holds the turns `Human:…\nAssistant:…\nHuman:…\nAssistant:`; undefined
 * unless putting them together again gives the same text.
 */
function multiturnChat(example: RawExample): RawExample | undefined {
  if (!isMultiturnChat(example)) return undefined;
  const { instruction, output } = example;
  const exchanges = instruction.split(/(?:^|\n)Human:/).slice(1).map((turn): Exchange => {
    const [question, ...answers] = turn.split("\nAssistant:");
    return [question!, answers.join("\nAssistant:")];
  });
  const last = exchanges.at(-1)!;
  const conversation = exchangeExample([...exchanges.slice(0, -1), [last[0], output]]);
  return flatten(conversation).instruction === instruction ? conversation : undefined;
}

/** Whether the instruction of an example begins and ends as those of multiturn_chat do. */
export function isMultiturnChat({ instruction, input }: RawExample): boolean {
  return input === "" && instruction.startsWith("Human:") && instruction.endsWith("\nAssistant:");
}
