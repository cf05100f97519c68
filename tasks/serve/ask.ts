// What the page asks for: a prompt in one of four forms, and how to answer it.
import { z } from "zod";
import { TEMPLATE_NAMES, templateFor, type TemplateName } from "../../datasets/templates/templates.ts";
import { GENERATION_SCHEMA } from "../generation/controls.ts";
import { fitPrompt, type FittedPrompt, questionOf, rawPrompt } from "../generation/conversation.ts";
import { ApiError } from "./api_error.ts";
import type { ServeContext } from "./context.ts";

/** Body of POST /api/generate and /api/prompt. */
export const ASK_SCHEMA = z.strictObject({
  /** A text to go on from as it is. */
  raw: z.string().optional(),
  /** What is asked for, in Chinese-Vicuna's form. */
  instruction: z.string().optional(),
  /** Material that the instruction works on. */
  input: z.string().default(""),
  /** A conversation that ends with the user's message. */
  messages: z.array(z.strictObject({
    role: z.enum(["system", "user", "assistant"]),
    content: z.string(),
  })).optional(),
  template: z.enum(TEMPLATE_NAMES).optional(),
  /** Name of a loaded adapter; null or left out for the base alone. */
  adapter: z.string().nullish(),
  params: GENERATION_SCHEMA.prefault({}),
  /** Most tokens of earlier turns that the prompt keeps. */
  maxMemory: z.int().min(0).optional(),
  logprobs: z.int().min(0).max(20).optional(),
  showBeams: z.boolean().default(false),
});

/** A checked body. */
export type Ask = z.output<typeof ASK_SCHEMA>;

/**
 * The prompt that is asked for, within the budget of positions.
 *
 * @throws {ApiError} unless there is exactly one of raw, instruction and messages
 * @throws {PromptError} when the conversation cannot be used, or is too long
 */
export function promptOf(ask: Ask, context: ServeContext): FittedPrompt {
  const { raw, instruction, messages, input } = ask;
  if ([raw, instruction, messages].filter((each) => each !== undefined).length !== 1) {
    throw new ApiError(400, "give exactly one of raw, instruction and messages", { code: "invalid_value" });
  }
  const { tokenizer, positions } = context.generator;
  if (raw !== undefined) return rawPrompt(raw, tokenizer, positions);
  const question = messages === undefined ? { instruction: instruction ?? "", input } : questionOf(messages);
  const template = templateFor(
    usableTemplate(ask.template ?? context.template, context),
    tokenizer,
    context.templateOptions,
  );
  const answerTokens = ask.params.maxNewTokens;
  return fitPrompt(question, template, tokenizer, { positions, answerTokens, historyTokens: ask.maxMemory });
}

function usableTemplate(name: TemplateName, { generator }: ServeContext): TemplateName {
  if (name !== "tokenizer" || generator.tokenizer.chatTemplate !== undefined) return name;
  throw new ApiError(400, "the tokenizer has no chat template; name another template", { param: "template" });
}
