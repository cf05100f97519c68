import { closestString } from "@std/text/closest-string";
import { DataError } from "./errors.ts";

/** The part of an example that a prompt is made of. */
export interface Question {
  readonly instruction: string;
  /** "" for none. */
  readonly input: string;
}

/** A way of asking: the text that stands before the answer. */
export interface PromptTemplate {
  readonly name: TemplateName;
  /** The prompt; the answer follows directly behind its last character. */
  prompt(question: Question): string;
}

/** Name of a prompt template. */
export type TemplateName = "alpaca" | "alpaca-legacy" | "chat";

/** All names of prompt templates. */
export const TEMPLATE_NAMES: readonly TemplateName[] = ["alpaca", "alpaca-legacy", "chat"];

const TEMPLATES: Readonly<Record<TemplateName, PromptTemplate>> = {
  "alpaca": { name: "alpaca", prompt: (question) => `${alpaca(question)}\n` },
  "alpaca-legacy": { name: "alpaca-legacy", prompt: alpaca },
  "chat": { name: "chat", prompt: chat },
};

/**
 * A prompt template by its name.
 *
 * - `alpaca`: what Chinese-Vicuna trains with; one prompt for a bare instruction, another for one with an input. Ends
 *   in `### Response:` and a newline. Guanaco rows use it too: history as instruction, question as input.
 * - `alpaca-legacy`: the same without the last newline, as Chinese-Vicuna asks at inference. For adapters trained there,
 *   whose first answer token is a newline.
 * - `chat`: its conversation prompt, for one turn.
 *
 * @throws {DataError} for an unknown name, with the nearest known one.
 */
export function template(name: string): PromptTemplate {
  if (Object.hasOwn(TEMPLATES, name)) return TEMPLATES[name as TemplateName];
  throw new DataError(
    `template: wanted one of ${TEMPLATE_NAMES.join(", ")}, found "${name}". ` +
      `Did you mean ${closestString(name, TEMPLATE_NAMES)}?`,
  );
}

function alpaca({ instruction, input }: Question): string {
  const opening = "Below is an instruction that describes a task";
  return input === ""
    ? `${opening}. Write a response that appropriately completes the request.\n\n` +
      `### Instruction:\n${instruction}\n\n### Response:`
    : `${opening}, paired with an input that provides further context. ` +
      `Write a response that appropriately completes the request.\n\n` +
      `### Instruction:\n${instruction}\n\n### Input:\n${input}\n\n### Response:`;
}

function chat({ instruction, input }: Question): string {
  const question = input === "" ? instruction : `${instruction}\n${input}`;
  return "The following is a conversation between an AI assistant called Assistant and a human user called User. " +
    "The assistant is intelligent, knowledgeable and polite to answer questions of user.\n\n" +
    `User:${question}\n\nAssistant:`;
}
