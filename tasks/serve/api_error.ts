import type { Context } from "hono";
import { TemplateRefusal } from "../../datasets/templates/chat_template.ts";
import { RequestError } from "../../models/generation/request.ts";
import { PromptError, PromptTooLongError } from "../generation/conversation.ts";

/** Statuses of refusals and faults. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 408 | 413 | 421 | 429 | 500 | 503;

/** What went wrong, in OpenAI's words. */
export interface ErrorDetail {
  /** The field of the request that is at fault. */
  readonly param?: string | undefined;
  /** A short name of the fault, such as `model_not_found`. */
  readonly code?: string | undefined;
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter?: number | undefined;
}

/** A refusal, as a client sees it. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";

  /** `message` is for the person at the other end. */
  constructor(readonly status: ErrorStatus, message: string, readonly detail: ErrorDetail = {}) {
    super(message);
  }
}

/** OpenAI's form of an error. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

const TYPES: Readonly<Partial<Record<ErrorStatus, string>>> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
  500: "server_error",
  503: "server_error",
};

/** What a client may know of an error: refusals in full, faults of our own without their insides. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof PromptTooLongError) {
    return new ApiError(400, error.message, { code: "context_length_exceeded" });
  }
  if (error instanceof PromptError || error instanceof RequestError || error instanceof TemplateRefusal) {
    return new ApiError(400, error.message);
  }
  return new ApiError(500, "the server failed; its own output says why");
}

/** What a client is told of an error of an answer. Faults of our own are reported. */
export function answerError(
  error: unknown,
  { signal, report }: { readonly signal: AbortSignal; readonly report: (error: unknown) => void },
): ApiError {
  if (signal.aborted) return new ApiError(503, "the server is stopping");
  const refusal = toApiError(error);
  if (refusal.status === 500) report(error);
  return refusal;
}

/** An error in OpenAI's form. */
export function errorBody({ status, message, detail }: ApiError): ErrorBody {
  const type = TYPES[status] ?? "invalid_request_error";
  return { error: { message, type, param: detail.param ?? null, code: detail.code ?? null } };
}

/** An error as a response. */
export function errorResponse(c: Context, error: ApiError): Response {
  if (error.detail.retryAfter !== undefined) c.header("Retry-After", String(error.detail.retryAfter));
  if (error.status === 401) c.header("WWW-Authenticate", "Bearer");
  return c.json(errorBody(error), error.status);
}
