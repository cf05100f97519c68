// POST /v1/chat/completions
import { z } from "zod";
import { templateFor } from "../../../datasets/templates.ts";
import { type Message, questionOf, wholePrompt } from "../../generation/conversation.ts";
import { ApiError } from "../api_error.ts";
import type { ServeContext } from "../context.ts";
import type { AnswerJob } from "./answers.ts";
import { adapterOf, COMMON_FIELDS, paramsOf, paramsOfChoices, refused } from "./params.ts";
import { chatShape } from "./shapes.ts";

const CONTENT = z.union([z.string(), z.array(z.object({ type: z.literal("text"), text: z.string() }))]);

const MESSAGE = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer", "user"]), content: CONTENT }),
  z.object({ role: z.literal("assistant"), content: CONTENT.nullish(), tool_calls: z.array(z.unknown()).nullish() }),
]);

/** The body of a request. */
export const CHAT_SCHEMA = z.strictObject({
  ...COMMON_FIELDS,
  messages: z.array(MESSAGE).min(1),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: z.object({ type: z.string() }).nullish(),
  tools: z.array(z.unknown()).nullish(),
  functions: z.array(z.unknown()).nullish(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.unknown().optional(),
  modalities: z.array(z.string()).nullish(),
  /** Variables of the chat template, as other servers with this protocol take them. */
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
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
  if (body.top_logprobs != null && !body.logprobs) throw refused("top_logprobs", "wants logprobs to be true");
  const { generator, model } = context;
  const { tokenizer, positions } = generator;
  const adapter = adapterOf(body.model, model, generator);
  const question = questionOf(body.messages.map(messageOf));
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
  if (response_format != null && response_format.type !== "text") {
    throw refused("response_format", "can only be text");
  }
  if (modalities?.some((each) => each !== "text")) throw refused("modalities", "can only be text");
}

function messageOf(message: z.output<typeof MESSAGE>): Message {
  if (message.role === "assistant" && message.tool_calls?.length) {
    throw new ApiError(400, "messages with tool_calls are not supported", { param: "messages" });
  }
  const content = message.content ?? "";
  return {
    role: message.role === "developer" ? "system" : message.role,
    content: typeof content === "string" ? content : content.map(({ text }) => text).join(""),
  };
}
