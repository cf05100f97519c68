import { threeFields } from "./alpaca.ts";
import { describeValue, errorAt, type Place } from "./errors.ts";
import { asFields, type Fields, has, optionalText, type RawExample, type RowSchema, text } from "./row_fields.ts";

/**
 * BELLE's rows. The form is chosen row by row from the fields:
 *
 * - `{input, target}` (early 0.5M): `input` is the instruction;
 * - `{instruction, input, output}` (later files; in multiturn_chat the history stands in `instruction` already);
 * - `{conversations: [{from: "human" | "assistant", value}]}` (3.5M): see {@link fromConversation};
 * - `{instruction, instances: [{input, output}]}` (seed tasks): one example an instance.
 */
export const belleSchema: RowSchema = { name: "belle", examples: belleExamples };

function belleExamples(value: unknown, place: Place): RawExample[] {
  const row = asFields(value, place, "row");
  if (has(row, "conversations")) return [fromConversation(row, place)];
  if (has(row, "instances")) return fromInstances(row, place);
  if (has(row, "target") && !has(row, "output")) {
    return [{ instruction: text(row, "input", place), input: "", output: text(row, "target", place) }];
  }
  return [threeFields(row, place)];
}

function fromInstances(row: Fields, place: Place): RawExample[] {
  const instruction = text(row, "instruction", place);
  return list(row, "instances", place).map((item, index) => {
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
 * One question and answer become an instruction and an output. In a longer conversation the last answer is the output
 * and everything before it goes into the instruction, in the form that BELLE's own multiturn_chat has:
 * `Human:…\nAssistant:…\nHuman:…\nAssistant:`. Turns after the last answer are left out, and a conversation without an
 * answer gives an empty output, which merge drops and counts.
 */
function fromConversation(row: Fields, place: Place): RawExample {
  const turns = list(row, "conversations", place).map((item, index) => turn(item, place, `conversations[${index}]`));
  const last = turns.findLastIndex((each) => each.from === "assistant");
  const before = turns.slice(0, Math.max(last, 0));
  const output = turns[last]?.value ?? "";
  if (before.length === 1 && before[0]!.from === "human") return { instruction: before[0]!.value, input: "", output };
  if (before.length === 0) return { instruction: "", input: "", output };
  const history = before.map(({ from, value }) => `${from === "human" ? "Human" : "Assistant"}:${value}\n`);
  return { instruction: `${history.join("")}Assistant:`, input: "", output };
}

function turn(item: unknown, place: Place, path: string): { from: "human" | "assistant"; value: string } {
  const fields = asFields(item, place, `field "${path}"`);
  const from = text(fields, "from", place, `${path}.from`);
  if (from !== "human" && from !== "assistant") {
    throw errorAt(place, `field "${path}.from": wanted "human" or "assistant", found ${describeValue(from)}`);
  }
  return { from, value: text(fields, "value", place, `${path}.value`) };
}

function list(row: Fields, name: string, place: Place): unknown[] {
  const value = row[name];
  if (Array.isArray(value)) return value;
  throw errorAt(place, `field "${name}": wanted an array, found ${describeValue(value)}`);
}
