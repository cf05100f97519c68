// Runs the answers to a request, all at once, and writes them as a stream or whole.
import type { Context } from "hono";
import type { FinishReason, GeneratedToken, TextEvent, TextRequest } from "../../../models/generation/request.ts";
import { withoutLeadingSpace } from "../../generation/leading_space.ts";
import type { Admission, Place } from "../admission.ts";
import { answerError, errorBody } from "../api_error.ts";
import type { ServeContext } from "../context.ts";
import { eventStream, type Send } from "../event_stream.ts";
import { LinkedSignal } from "../linked_signal.ts";
import type { AnswerShape, Finish } from "./shapes.ts";

/** A request that was understood. */
export interface AnswerJob {
  /** The model's name as the client gave it. */
  readonly model: string;
  /** One for each answer. */
  readonly requests: readonly Omit<TextRequest, "signal">[];
  readonly shape: AnswerShape;
  /** Whether white space before an answer is left out. */
  readonly trims: boolean;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

type EndEvent = Extract<TextEvent, { type: "end" }>;

const FINISH: Readonly<Record<FinishReason, Finish>> = { "eos": "stop", "stop-string": "stop", "length": "length" };

/**
 * Answers a request.
 *
 * @throws {ApiError} 429 when too many run or wait
 */
export function answerJob(c: Context, job: AnswerJob, context: ServeContext, admission: Admission): Promise<Response> {
  const head = {
    id: `${job.shape.idPrefix}-${crypto.randomUUID().replaceAll("-", "")}`,
    created: Math.floor(Date.now() / 1000),
    model: job.model,
    system_fingerprint: context.fingerprint,
  };
  const place = admission.enter();
  return job.stream ? Promise.resolve(streamed(c, head, job, context, place)) : whole(c, head, job, context, place);
}

async function whole(
  c: Context,
  head: object,
  { requests, shape, trims }: AnswerJob,
  context: ServeContext,
  place: Place,
): Promise<Response> {
  using held = place;
  using link = new LinkedSignal(c.req.raw.signal, context.signal);
  try {
    const answers = await together(link, requests, async (request, index) => {
      let text = "";
      const tokens: GeneratedToken[] = [];
      const end = await eventsOf(held, request, trims, link.signal, (event) => {
        text += event.text;
        tokens.push(...event.tokens);
      });
      return { end, choice: shape.writer(index).whole(text, tokens, FINISH[end.reason]) };
    });
    const usage = usageOf(answers.map(({ end }) => end), requests);
    return c.json({ ...head, object: shape.object, choices: answers.map(({ choice }) => choice), usage });
  } catch (error) {
    throw c.req.raw.signal.aborted ? error : answerError(error, context);
  }
}

function streamed(c: Context, head: object, job: AnswerJob, context: ServeContext, place: Place): Response {
  return eventStream(
    async (send, signal) => {
      using held = place;
      using link = new LinkedSignal(signal, context.signal);
      try {
        await sendAnswers(send, head, job, held, link);
        await send("[DONE]");
      } catch (error) {
        if (signal.aborted) throw error; // nobody listens
        await send(JSON.stringify(errorBody(answerError(error, context))));
      }
    },
    c.req.raw.signal,
    context.limits,
  );
}

async function sendAnswers(
  send: Send,
  head: object,
  { requests, shape, trims, includeUsage }: AnswerJob,
  place: Place,
  link: LinkedSignal,
): Promise<void> {
  const chunk = (choices: readonly object[], usage: object | null = null) =>
    send(JSON.stringify({ ...head, object: shape.chunkObject, choices, ...(includeUsage && { usage }) }));
  const ends = await together(link, requests, async (request, index) => {
    const writer = shape.writer(index);
    const opening = writer.opening();
    if (opening !== undefined) await chunk([opening]);
    const end = await eventsOf(place, request, trims, link.signal, async ({ text, tokens }) => {
      if (text !== "" || tokens.some(({ logprob }) => logprob !== undefined)) await chunk([writer.piece(text, tokens)]);
    });
    await chunk([writer.closing(FINISH[end.reason])]);
    return end;
  });
  if (includeUsage) await chunk([], usageOf(ends, requests));
}

/** Runs all requests at once; when one fails, the others are stopped. */
async function together<T>(
  link: LinkedSignal,
  requests: AnswerJob["requests"],
  run: (request: AnswerJob["requests"][number], index: number) => Promise<T>,
): Promise<T[]> {
  try {
    return await Promise.all(requests.map(run));
  } catch (error) {
    link.abort(error);
    throw error;
  }
}

/** Hands on the texts of an answer and gives its end. */
async function eventsOf(
  place: Place,
  request: AnswerJob["requests"][number],
  trims: boolean,
  signal: AbortSignal,
  onText: (event: Extract<TextEvent, { type: "text" }>) => void | Promise<void>,
): Promise<EndEvent> {
  const events = place.stream({ ...request, signal });
  for await (const event of trims ? withoutLeadingSpace(events) : events) {
    if (event.type === "end") return event;
    if (event.type === "text") await onText(event);
  }
  throw new Error("an answer ended without saying why");
}

/** Counts each prompt once, however many answers it has. */
function usageOf(ends: readonly EndEvent[], requests: AnswerJob["requests"]) {
  const prompts = new Set(requests.map(({ prompt }) => prompt));
  const prompt_tokens = [...prompts].reduce((sum, { length }) => sum + length, 0);
  const completion_tokens = ends.reduce((sum, { newTokens }) => sum + newTokens, 0);
  const cached_tokens = Math.min(prompt_tokens, ends.reduce((sum, { reusedTokens }) => sum + reusedTokens, 0));
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens },
  };
}
