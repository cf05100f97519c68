// POST /api/generate: the events of an answer as they come. POST /api/prompt: what would be sent to the model.
import { Hono } from "hono";
import {
  type GenerationParams,
  type IneffectiveControl,
  ineffectiveControls,
} from "../../../models/generation/request.ts";
import type { TextEvent } from "../../../models/generation/request.ts";
import { withoutLeadingSpace } from "../../generation/leading_space.ts";
import type { Admission } from "../admission.ts";
import { answerError, ApiError } from "../api_error.ts";
import { type Ask, ASK_SCHEMA, promptOf } from "../ask.ts";
import { readBody } from "../body.ts";
import type { ServeContext } from "../context.ts";
import { eventStream } from "../event_stream.ts";
import { LinkedSignal } from "../linked_signal.ts";

/** The first event of an answer. */
export interface StartEvent {
  readonly type: "start";
  readonly promptTokens: number;
  /** How many of the oldest exchanges were left out to keep within the budget. */
  readonly droppedTurns: number;
  /** Settings that change nothing, and why. */
  readonly ineffective: readonly IneffectiveControl[];
  /** The settings in full. */
  readonly params: GenerationParams;
}

/** The last event of an answer that failed. */
export interface ErrorEvent {
  readonly type: "error";
  readonly message: string;
}

/** The routes of answers for the page. */
export function generateRoutes(context: ServeContext, admission: Admission): Hono {
  const routes = new Hono();
  routes.post("/prompt", async (c) => {
    const { ids, text, droppedTurns } = promptOf(await readBody(c, ASK_SCHEMA, context.limits), context);
    return c.json({ text, tokens: ids.length, droppedTurns, positions: context.generator.positions });
  });
  routes.post("/generate", async (c) => {
    const ask = await readBody(c, ASK_SCHEMA, context.limits);
    checkAdapter(ask, context);
    const { ids, droppedTurns } = promptOf(ask, context);
    const place = admission.enter();
    return eventStream(
      async (send, signal) => {
        using held = place;
        using link = new LinkedSignal(signal, context.signal);
        const { params, adapter, showBeams, logprobs } = ask;
        const ineffective = ineffectiveControls(params);
        await sendJson({ type: "start", promptTokens: ids.length, droppedTurns, ineffective, params });
        try {
          const request = {
            prompt: ids,
            params,
            adapter: adapter ?? undefined,
            logprobs,
            showBeams,
            signal: link.signal,
          };
          const events = held.stream(request);
          for await (const event of ask.raw === undefined ? withoutLeadingSpace(events) : events) await sendJson(event);
        } catch (error) {
          if (signal.aborted) throw error; // nobody listens
          await sendJson({ type: "error", message: answerError(error, context).message });
        }
        function sendJson(event: StartEvent | TextEvent | ErrorEvent): Promise<void> {
          return send(JSON.stringify(event, (_, value) => value instanceof Uint8Array ? [...value] : value));
        }
      },
      c.req.raw.signal,
      context.limits,
    );
  });
  return routes;
}

function checkAdapter({ adapter }: Ask, { generator }: ServeContext): void {
  if (adapter == null || generator.adapters.includes(adapter)) return;
  throw new ApiError(404, `no adapter named ${adapter} is loaded`, { param: "adapter", code: "model_not_found" });
}
