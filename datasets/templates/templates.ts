import { closestString } from "@std/text/closest-string";
import { chatTemplate, type ChatTemplateSource, type TemplateOptions } from "./chat_template.ts";
import { DataError } from "../errors.ts";
import { flatten, lastQuestion, type Question } from "../example.ts";
import { answered, asked, type PromptTemplate } from "./segments.ts";

export type { Question } from "../example.ts";
export type { PromptTemplate } from "./segments.ts";
export type { TemplateOptions } from "./chat_template.ts";

/** A template whose prompts are plain text. */
export interface TextTemplate extends PromptTemplate {
  readonly name: TextTemplateName;
  /** The prompt; the answer follows directly behind its last character. */
  prompt(question: Question): string;
}

/** Name of a template of this project. */
export type TextTemplateName = "alpaca" | "alpaca-legacy" | "guanaco" | "chat";

/** Name of a template: one of this project's, or "tokenizer" for the chat template that comes with the tokenizer. */
export type TemplateName = TextTemplateName | "tokenizer";

/** All names of templates of this project. */
export const TEXT_TEMPLATE_NAMES: readonly TextTemplateName[] = ["alpaca", "alpaca-legacy", "guanaco", "chat"];

/** All names of templates. */
export const TEMPLATE_NAMES: readonly TemplateName[] = [...TEXT_TEMPLATE_NAMES, "tokenizer"];

const TEMPLATES: Readonly<Record<TextTemplateName, TextTemplate>> = {
  "alpaca": oneExchange("alpaca", (question) => `${boxes(flatten(question))}\n`),
  "alpaca-legacy": oneExchange("alpaca-legacy", (question) => boxes(flatten(question))),
  "guanaco": oneExchange("guanaco", (question) => `${boxes(flatten({ ...question, layout: "guanaco" }))}\n`),
  "chat": {
    name: "chat",
    framed: true,
    segments: (example) => [...chatTurns(example), answered(example.output)],
    ask: chatTurns,
    prompt: (question) => chatTurns(question).map(({ text }) => text).join(""),
  },
};

/**
 * A template of this project by its name.
 *
 * - `alpaca`: what Chinese-Vicuna trains with; one prompt for a bare instruction, another for one with an input. Ends
 *   in `### Response:` and a newline. Conversations are written as their data set does, see `flatten`; only their last
 *   answer is an answer to learn.
 * - `alpaca-legacy`: the same without the last newline, as Chinese-Vicuna asks at inference. For adapters trained there,
 *   whose first answer token is a newline.
 * - `guanaco`: alpaca's prompt with every conversation written as Guanaco's are.
 * - `chat`: Chinese-Vicuna's conversation prompt, turn by turn.
 *
 * @throws {DataError} for an unknown name, with the nearest known one.
 */
export function template(name: string): TextTemplate {
  if (Object.hasOwn(TEMPLATES, name)) return TEMPLATES[name as TextTemplateName];
  throw new DataError(
    `template: wanted one of ${TEMPLATE_NAMES.join(", ")}, found "${name}". ` +
      `Did you mean ${closestString(name, TEMPLATE_NAMES)}?`,
  );
}

/**
 * A template by its name, the tokenizer's own included, which alone has use for the options.
 *
 * @throws {DataError} for an unknown name, or if the tokenizer has no chat template.
 */
export function templateFor(
  name: string,
  tokenizer: ChatTemplateSource,
  options: TemplateOptions = {},
): PromptTemplate {
  return name === "tokenizer" ? chatTemplate(tokenizer, options) : template(name);
}

function oneExchange(name: TextTemplateName, prompt: (question: Question) => string): TextTemplate {
  return {
    name,
    framed: true,
    prompt,
    segments: (example) => [asked(prompt(example)), answered(example.output)],
    ask: (question) => [asked(prompt(question))],
  };
}

function boxes({ instruction, input }: { instruction: string; input: string }): string {
  const opening = "Below is an instruction that describes a task";
  return input === ""
    ? `${opening}. Write a response that appropriately completes the request.\n\n` +
      `### Instruction:\n${instruction}\n\n### Response:`
    : `${opening}, paired with an input that provides further context. ` +
      `Write a response that appropriately completes the request.\n\n` +
      `### Instruction:\n${instruction}\n\n### Input:\n${input}\n\n### Response:`;
}

const CHAT_OPENING =
  "The following is a conversation between an AI assistant called Assistant and a human user called User. " +
  "The assistant is intelligent, knowledgeable and polite to answer questions of user.";

function chatTurns(question: Question) {
  const { system, history = [] } = question;
  const opening = system === undefined ? CHAT_OPENING : `${CHAT_OPENING}\n${system}`;
  const turns = history.flatMap((
    [asking, answer],
  ) => [asked(`User:${asking}\n\nAssistant:`), answered(answer), asked("\n\n")]);
  return [asked(`${opening}\n\n`), ...turns, asked(`User:${lastQuestion(question)}\n\nAssistant:`)];
}
