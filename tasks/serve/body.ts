// Bodies of requests: bounded in size and time, then JSON of a known shape.
import type { Context } from "hono";
import type { z } from "zod";
import { ApiError } from "./api_error.ts";
import type { ServeLimits } from "./context.ts";

/**
 * Reads a request's body as JSON and checks it.
 *
 * @throws {ApiError} 413 when it is too large, 408 when it is too slow, 400 when it is not JSON or does not fit
 */
export async function readBody<T>(c: Context, schema: z.ZodType<T>, limits: ServeLimits): Promise<T> {
  const text = await readText(c.req.raw, limits);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ApiError(400, `the body must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw toRefusal(checked.error);
}

function toRefusal(error: z.ZodError): ApiError {
  const issue = error.issues[0];
  if (issue?.code === "unrecognized_keys") {
    const name = [...issue.path, issue.keys[0]].join(".");
    return new ApiError(400, `unknown parameter: ${name}`, { param: name, code: "unknown_parameter" });
  }
  const param = issue?.path.join(".") || undefined;
  const message = `${param === undefined ? "" : `${param}: `}${issue?.message ?? "the body does not fit"}`;
  return new ApiError(400, message, { param, code: "invalid_value" });
}

async function readText(request: Request, { bodyBytes, bodyMs }: ServeLimits): Promise<string> {
  const tooLarge = () => new ApiError(413, `the body must have at most ${bodyBytes} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > bodyBytes) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ApiError(408, `the body took longer than ${bodyMs / 1000} s`)), bodyMs);
  });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let [text, size] = ["", 0];
  try {
    while (true) {
      const { done, value } = await Promise.race([reader.read(), timeout]);
      if (done) return text + decoder.decode();
      size += value.byteLength;
      if (size > bodyBytes) throw tooLarge();
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    if (error instanceof TypeError) throw new ApiError(400, "the body must be whole, in UTF-8");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
