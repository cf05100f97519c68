// The messages of a request to /v1/chat/completions: which are read, and what is said of the others.
import { z } from "zod";
import type { Message } from "../../generation/conversation.ts";
import { ApiError } from "../api_error.ts";

const READ_ROLES = ["system", "developer", "user", "assistant"] as const;

const TEXT_PART = z.object({ type: z.literal("text"), text: z.string() });

const CONTENT = z.union([z.string(), z.array(TEXT_PART)], {
  error: ({ input }) => `only text is read: a string, or parts {"type": "text", "text": …}; found ${unread(input)}`,
});

const MESSAGE = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer", "user"]), content: CONTENT }),
  z.object({ role: z.literal("assistant"), content: CONTENT.nullish(), tool_calls: z.array(z.unknown()).nullish() }),
], {
  error: ({ input, code }) =>
    code === "invalid_union"
      ? `messages of ${READ_ROLES.join(", ")} are read; found the role ${shown(fieldOf(input, "role"))}`
      : undefined,
});

/** The field `messages` of a request. */
export const MESSAGES = z.array(MESSAGE).min(1);

/**
 * The conversation that the messages are.
 *
 * @throws {ApiError} for calls of tools, and for a beginning of the answer, which is not gone on from
 */
export function messagesOf(messages: z.output<typeof MESSAGES>): Message[] {
  const read = messages.map(messageOf);
  const last = read.filter(({ role }) => role !== "system").at(-1);
  if (last?.role === "assistant") {
    throw new ApiError(
      400,
      "messages: the last message must be the user's; found one of the assistant. An answer that is begun (prefill) is " +
        "not gone on from: /v1/completions goes on from any text",
      { param: "messages", code: "invalid_value" },
    );
  }
  return read;
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

/** What of a content is no text: the first part of another type, or what there is instead. */
function unread(content: unknown): string {
  if (!Array.isArray(content)) return shown(content);
  const part = content.find((each) => !TEXT_PART.safeParse(each).success);
  const type = fieldOf(part, "type");
  return type === "text" ? "a text part without text" : `a part of type ${shown(type)}`;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** A value as a person reads it; only the sort of what may be long. */
function shown(value: unknown): string {
  if (value === undefined) return "none";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(value).slice(0, 40);
}
