import OpenAI, { APIError } from "openai";
import { PipelineError } from "../../core/mod.ts";
import { retryAfter, wait, waitBeforeRetry } from "../retry_after.ts";

/** How a judge is reached. */
export interface JudgeEndpoint {
  readonly model: string;
  /** Address of an OpenAI-compatible API, up to and with `/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** Longest time to wait for one reply. */
  readonly timeoutMs: number;
  /** Waited before the second try, then twice as long each time, a minute at most. */
  readonly delayMs: number;
  /** Tries before a request is given up. */
  readonly attempts: number;
}

/** What a judge replied. */
export interface JudgeReply {
  readonly text: string;
  /** The model that replied, as it names itself: often with its version. */
  readonly model: string;
}

/** Asks a judge. Requests may be made at any time; when one must wait, so do all. */
export class JudgeClient {
  readonly #endpoint: JudgeEndpoint;
  readonly #client: OpenAI;
  /** Until when the server wants to be left alone, in milliseconds of the clock. */
  #notBefore = 0;

  constructor(endpoint: JudgeEndpoint) {
    this.#endpoint = endpoint;
    this.#client = new OpenAI({
      apiKey: endpoint.apiKey ?? "none",
      baseURL: endpoint.baseUrl,
      timeout: endpoint.timeoutMs,
      maxRetries: 0,
    });
  }

  /**
   * The reply to a message, at temperature 0. Comes back later where the server is busy, out of order or does not answer,
   * and after as long as it asks for (Retry-After).
   *
   * @throws {PipelineError} when the judge refuses, or every try failed
   */
  async ask(message: string, signal: AbortSignal): Promise<JudgeReply> {
    const { attempts, delayMs } = this.#endpoint;
    for (let tried = 1;; tried++) {
      const pause = this.#notBefore - Date.now();
      if (pause > 0) await wait(pause, signal);
      try {
        return await this.#askOnce(message, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isRefusal(error)) throw this.#refused(error);
        if (tried === attempts) throw this.#failed(error, attempts);
        const usual = Math.min(delayMs * 2 ** (tried - 1), 60_000);
        const asked = error instanceof APIError && error.headers ? retryAfter(error.headers) : undefined;
        const ms = waitBeforeRetry(asked, usual, `asking the judge ${this.#endpoint.model}`);
        if (asked === undefined) await wait(ms, signal);
        else this.#notBefore = Math.max(this.#notBefore, Date.now() + ms);
      }
    }
  }

  async #askOnce(message: string, signal: AbortSignal): Promise<JudgeReply> {
    const { model } = this.#endpoint;
    const body = { model, temperature: 0, messages: [{ role: "user" as const, content: message }] };
    const completion: unknown = await this.#client.chat.completions.create(body, { signal });
    const reply = readReply(completion, model);
    if (reply === undefined) throw new MalformedReplyError();
    return reply;
  }

  #refused(error: APIError): PipelineError {
    const { status, message } = error;
    const key = this.#endpoint.apiKey === undefined
      ? "; no key was given: set JUDGE_API_KEY"
      : "; the key is that of JUDGE_API_KEY, or OPENAI_API_KEY for api.openai.com";
    return new PipelineError(
      `asking the judge ${this.#endpoint.model} at ${this.#endpoint.baseUrl}: ${message}` +
        (status === 401 || status === 403 ? key : ""),
      { cause: error },
    );
  }

  #failed(error: unknown, attempts: number): PipelineError {
    const why = error instanceof Error ? error.message : String(error);
    return new PipelineError(
      `asking the judge ${this.#endpoint.model} at ${this.#endpoint.baseUrl}: gave up after ${attempts} tries, the last: ` +
        `${why}. What was judged is kept: the same command goes on from there.`,
      { cause: error },
    );
  }
}

/** An answer that is no chat completion, such as the page of a proxy. */
class MalformedReplyError extends Error {
  constructor() {
    super("wanted a chat completion, found something else");
  }
}

/** All else may pass: a busy server, a connection that was cut, a broken reply. */
function isRefusal(error: unknown): error is APIError {
  if (!(error instanceof APIError)) return false;
  const status = error.status ?? 0;
  return status >= 400 && status < 500 && ![408, 409, 429].includes(status);
}

/** Reads a chat completion, of which a server may have sent anything at all. */
function readReply(completion: unknown, asked: string): JudgeReply | undefined {
  if (typeof completion !== "object" || completion === null) return undefined;
  const { choices, model } = completion as { choices?: unknown; model?: unknown };
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const content = (first as { message?: { content?: unknown } } | undefined)?.message?.content;
  if (typeof content !== "string") return undefined;
  return { text: content, model: typeof model === "string" ? model : asked };
}
