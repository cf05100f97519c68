// POST /v1/chat/completions
import { z } from "zod";
import { templateFor } from "../../../datasets/templates/templates.ts";
import { questionOf, wholePrompt } from "../../generation/conversation.ts";
import type { ServeContext } from "../context.ts";
import type { AnswerJob } from "./answers.ts";
import { MESSAGES, messagesOf } from "./messages.ts";
import { adapterOf, bodyOf, COMMON_FIELDS, paramsOf, paramsOfChoices, refused } from "./params.ts";
import { chatShape } from "./shapes.ts";

/** The body of a request. */
export const CHAT_SCHEMA = bodyOf({
  ...COMMON_FIELDS,
  messages: MESSAGES,
  max_completion_tokens: z.int().min(1).optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(20).optional(),
  response_format: z.object({ type: z.string() }).optional(),
  tools: z.array(z.unknown()).optional(),
  functions: z.array(z.unknown()).optional(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.unknown().optional(),
  modalities: z.array(z.string()).optional(),
  /** Variables of the chat template, as other servers with this protocol take them. */
  chat_template_kwargs: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Understands a request.
 *
 * @throws {ApiError} for what cannot be honoured
 * @throws {PromptError} for a conversation that cannot be used or is too long
 * @throws {TemplateRefusal} for one that the chat template refuses
 */
export function chatJob(body: z.output<typeof CHAT_SCHEMA>, context: ServeContext): AnswerJob {
  refuseTools(body);
  if (body.top_logprobs !== undefined && !body.logprobs) throw refused("top_logprobs", "wants logprobs to be true");
  const { generator, model } = context;
  const { tokenizer, positions } = generator;
  const adapter = adapterOf(body.model, model, generator);
  const question = questionOf(messagesOf(body.messages));
  // The protocol has no way to say that turns were left out, so a conversation must fit as it is.
  const template = templateFor(context.template, tokenizer, {
    ...context.templateOptions,
    chatTemplateKwargs: { ...context.templateOptions?.chatTemplateKwargs, ...body.chat_template_kwargs },
  });
  const { ids } = wholePrompt(question, template, tokenizer, positions);
  const most = body.max_completion_tokens ?? body.max_tokens ?? positions;
  const logprobs = body.logprobs ? body.top_logprobs ?? 0 : undefined;
  return {
    model: body.model,
    requests: paramsOfChoices(paramsOf(body, most, tokenizer.generation.sampling), body.n ?? 1).map((params) => ({
      prompt: ids,
      adapter,
      params,
      logprobs,
    })),
    shape: chatShape(logprobs !== undefined),
    trims: true,
    stream: body.stream ?? false,
    includeUsage: body.stream_options?.include_usage ?? false,
  };
}

function refuseTools({ tools, functions, response_format, modalities }: z.output<typeof CHAT_SCHEMA>): void {
  if (tools?.length) throw refused("tools", "are not supported");
  if (functions?.length) throw refused("functions", "are not supported");
  if (response_format !== undefined && response_format.type !== "text") {
    throw refused("response_format", "can only be text");
  }
  if (modalities?.some((each) => each !== "text")) throw refused("modalities", "can only be text");
}
