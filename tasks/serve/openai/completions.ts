// POST /v1/completions
import { z } from "zod";
import { PromptTooLongError, rawPrompt } from "../../generation/conversation.ts";
import { ApiError } from "../api_error.ts";
import type { ServeContext, TextSource } from "../context.ts";
import type { AnswerJob } from "./answers.ts";
import { adapterOf, bodyOf, COMMON_FIELDS, paramsOf, paramsOfChoices, refused } from "./params.ts";
import { completionShape } from "./shapes.ts";

/** Tokens of an answer when none are named, as OpenAI has it. */
const DEFAULT_TOKENS = 16;

/** Most answers to one request, and so most prompts. */
const MOST_ANSWERS = 64;

const IDS = z.array(z.int().min(0)).min(1);

/** The body of a request. */
export const COMPLETION_SCHEMA = bodyOf({
  ...COMMON_FIELDS,
  prompt: z.union([
    z.string(),
    IDS,
    z.array(z.string()).min(1).max(MOST_ANSWERS),
    z.array(IDS).min(1).max(MOST_ANSWERS),
  ]),
  logprobs: z.int().min(0).max(20).optional(),
  echo: z.boolean().optional(),
  suffix: z.string().optional(),
  best_of: z.int().min(1).optional(),
});

/**
 * Understands a request. A prompt of text begins with what the tokenizer puts before a text, and control tokens in it are
 * control tokens; one of ids is taken as it is.
 *
 * @throws {ApiError} for what cannot be honoured
 * @throws {PromptTooLongError} for a prompt that leaves no room for an answer
 */
export function completionJob(body: z.output<typeof COMPLETION_SCHEMA>, context: ServeContext): AnswerJob {
  const count = body.n ?? 1;
  if (body.suffix) throw refused("suffix", "is not supported");
  if (body.best_of !== undefined && body.best_of !== count) throw refused("best_of", "can only be n");
  if (body.echo && body.logprobs !== undefined) throw refused("echo", "cannot be had with logprobs");
  const adapter = adapterOf(body.model, context.model, context.generator);
  const params = paramsOfChoices(
    paramsOf(body, body.max_tokens ?? DEFAULT_TOKENS, context.generator.tokenizer.generation.sampling),
    count,
  );
  const given = promptsOf(body.prompt);
  if (given.length * count > MOST_ANSWERS) throw refused("n", `times the prompts can be ${MOST_ANSWERS} at most`);
  const prompts = given.map((prompt) => idsOf(prompt, context.generator));
  const { logprobs } = body;
  const echoes = body.echo ? prompts.flatMap(({ text }) => params.map(() => text)) : [];
  return {
    model: body.model,
    requests: prompts.flatMap(({ ids }) => params.map((each) => ({ prompt: ids, adapter, params: each, logprobs }))),
    shape: completionShape(logprobs !== undefined, echoes),
    trims: false,
    stream: body.stream ?? false,
    includeUsage: body.stream_options?.include_usage ?? false,
  };
}

function promptsOf(prompt: z.output<typeof COMPLETION_SCHEMA>["prompt"]): (string | number[])[] {
  if (typeof prompt === "string") return [prompt];
  return isIds(prompt) ? [prompt] : prompt;
}

function isIds(prompt: readonly unknown[]): prompt is number[] {
  return prompt.every((each) => typeof each === "number");
}

function idsOf(prompt: string | readonly number[], generator: TextSource): { ids: number[]; text: string } {
  const { tokenizer, positions } = generator;
  if (typeof prompt === "string") return rawPrompt(prompt, tokenizer, positions);
  const ids = [...prompt];
  const unknown = ids.find((id) => id >= tokenizer.vocabularySize);
  if (unknown !== undefined) {
    throw new ApiError(400, `prompt: the vocabulary has ${tokenizer.vocabularySize} ids, found ${unknown}`, {
      param: "prompt",
      code: "invalid_value",
    });
  }
  if (ids.length >= positions) throw new PromptTooLongError(ids.length, positions - 1);
  return { ids, text: tokenizer.decode(ids) };
}
