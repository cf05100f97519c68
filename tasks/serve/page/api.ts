// Calls of the server: JSON, and answers as streams of events.
import type { TextEvent } from "../../../models/generation/request.ts";
import type { GenerationParams, IneffectiveControl } from "../../../models/generation/request.ts";
import { Store } from "./parts/store.ts";

/** What a call that failed says. */
export class CallError extends Error {
  override readonly name: string = "CallError";

  /**
   * @param status of the response; 0 when there was none
   * @param code the server's short name of the fault, where it has one
   */
  constructor(readonly status: number, message: string, readonly code?: string) {
    super(message);
  }
}

/** The key that the server wants, kept as long as the window is open. */
export const key: { get(): string | null; set(value: string): void } = {
  get: () => sessionStorage.getItem("vicuna.key"),
  set: (value) => sessionStorage.setItem("vicuna.key", value),
};

/** What the server has refused a call for: want of its key, or a key that is not its own. */
export const refusedFor: Store<"no key" | "wrong key" | undefined> = new Store<"no key" | "wrong key" | undefined>(
  undefined,
);

async function call(path: string, init: RequestInit): Promise<Response> {
  const given = key.get();
  const headers = { ...init.headers, ...(given !== null && { authorization: `Bearer ${given}` }) };
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new CallError(0, "");
  }
  if (response.ok) return response;
  // Another key may have been given since: then this one's answer is of no interest.
  if (response.status === 401 && given === key.get()) refusedFor.set(given === null ? "no key" : "wrong key");
  throw await errorOf(response);
}

async function errorOf(response: Response): Promise<CallError> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string; code?: string } };
    return new CallError(response.status, String(error?.message ?? text), error?.code);
  } catch {
    return new CallError(response.status, text || response.statusText);
  }
}

/** A GET that has taken so long is not answered. */
const PATIENCE_MS = 30_000;

/** GET as JSON. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const response = await call(path, { signal: signal ? AbortSignal.any([signal, patience]) : patience });
  try {
    return await response.json() as T;
  } catch (error) {
    throw signal?.aborted ? error : new CallError(0, "");
  }
}

/** Whether an error means that the server does not answer for now: it is gone, or what stands before it says so. */
export function isOutage(error: unknown): boolean {
  return error instanceof CallError && [0, 502, 503, 504].includes(error.status);
}

/** POST of JSON, with JSON as the answer. */
export async function postJson<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return await (await call(path, post(body, signal))).json() as T;
}

function post(body: unknown, signal: AbortSignal | undefined): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  };
}

/** The body of POST /api/generate and /api/prompt. */
export interface AskBody {
  readonly instruction?: string;
  readonly input?: string;
  readonly messages?: readonly { readonly role: "system" | "user" | "assistant"; readonly content: string }[];
  readonly template: string;
  readonly adapter: string | null;
  readonly params: Partial<GenerationParams>;
  readonly maxMemory?: number;
  readonly showBeams: boolean;
}

/** Answer of POST /api/prompt. */
export interface PromptView {
  readonly text: string;
  readonly tokens: number;
  readonly droppedTurns: number;
  readonly positions: number;
}

/** What comes of POST /api/generate. */
export type AnswerEvent =
  | {
    readonly type: "start";
    readonly promptTokens: number;
    readonly droppedTurns: number;
    readonly ineffective: readonly IneffectiveControl[];
  }
  | TextEvent
  | { readonly type: "error"; readonly message: string };

/** The events of an answer. */
export async function* streamAnswer(body: AskBody, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const response = await call("/api/generate", post(body, signal));
  if (response.body === null) throw new CallError(0, "");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (held + value).split("\n\n");
      held = blocks.pop() ?? "";
      for (const block of blocks) {
        if (block.startsWith("data: ")) yield JSON.parse(block.slice(6)) as AnswerEvent;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
