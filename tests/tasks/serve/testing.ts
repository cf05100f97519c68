import { join } from "@std/path";
import { createApp } from "../../../tasks/serve/app.ts";
import { type AccessRules, DEFAULT_LIMITS, type ServeContext, type TextSource } from "../../../tasks/serve/context.ts";
import type { TextEvent, TextRequest, TokenLogprob } from "../../../models/generation/request.ts";
import { loadTokenizer, type Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { writeTinyModel } from "../children.ts";

/** What a {@linkcode ScriptedGenerator} does. */
export interface Script {
  /** Text of every answer; it is cut into ids by the tokenizer, and comes again and again until `maxNewTokens`. */
  readonly text?: string;
  readonly endless?: boolean;
  /** Time that each token takes. */
  readonly tokenMs?: number;
  /** Fails after so many tokens. */
  readonly failsAfter?: number;
}

/** Says what it was told to say, as a text generator does, and counts. */
export class ScriptedGenerator implements TextSource {
  readonly adapters = ["poet", "runs/checkpoint-20"];
  readonly positions = 256;
  readonly requests: TextRequest[] = [];
  active = 0;
  tokens = 0;

  constructor(readonly tokenizer: Tokenizer, readonly script: Script) {}

  async *stream(request: TextRequest): AsyncGenerator<TextEvent, void, undefined> {
    const { tokenMs = 0, endless = false, text = "one two three", failsAfter = Infinity } = this.script;
    this.requests.push(request);
    this.active++;
    try {
      const ids = this.tokenizer.encode(text);
      const decoder = this.tokenizer.stream(false);
      const most = request.params.maxNewTokens;
      let made = 0;
      for (; made < most && (endless || made < ids.length); made++) {
        if (tokenMs > 0) await new Promise((resolve) => setTimeout(resolve, tokenMs));
        request.signal?.throwIfAborted();
        if (made === failsAfter) throw new Error("the device is on fire");
        const id = ids[made % ids.length]!;
        this.tokens++;
        const logprob = request.logprobs === undefined ? {} : { logprob: this.#logprob(id, request.logprobs) };
        yield { type: "text", text: decoder.push(id), tokens: [{ id, ...logprob }] };
      }
      const reason = made === most ? "length" : "eos";
      yield { type: "end", reason, promptTokens: request.prompt.length, newTokens: made, reusedTokens: 0 };
    } finally {
      this.active--;
    }
  }

  #logprob(id: number, count: number) {
    const of = (id: number, logprob: number): TokenLogprob => ({
      id,
      bytes: this.tokenizer.bytesOf(id),
      logprob,
    });
    return { ...of(id, -0.5), top: Array.from({ length: count }, (_, i) => of(id, i === 1 ? -Infinity : -0.5)) };
  }
}

let tokenizer: Promise<Tokenizer> | undefined;

/** The tiny model's tokenizer. */
export function tinyTokenizer(): Promise<Tokenizer> {
  return tokenizer ??= (async () => {
    const folder = await Deno.makeTempDir();
    try {
      await writeTinyModel(join(folder, "model"));
      return await loadTokenizer(join(folder, "model"));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  })();
}

/** A server for a test. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly generator: ScriptedGenerator;
  /** How many requests are inside. */
  inside(): number;
  /** What the server reported of its own faults. */
  readonly faults: unknown[];
  /** Tells the server to stop. */
  stop(): void;
}

/** Runs a test against a server on a free port of 127.0.0.1, with a scripted generator. */
export async function withServer(
  settings: Script & {
    access?: Partial<AccessRules>;
    limits?: Partial<ServeContext["limits"]>;
    page?: string;
    /** The tiny model's with alpaca's template if absent; with its own chat template if it is another. */
    tokenizer?: Tokenizer;
  },
  run: (server: TestServer) => Promise<void>,
): Promise<void> {
  const generator = new ScriptedGenerator(settings.tokenizer ?? await tinyTokenizer(), settings);
  const stopping = new AbortController();
  const faults: unknown[] = [];
  const { app, admission } = await createApp({
    generator,
    model: "tiny",
    device: "none",
    fingerprint: "fp_test",
    template: settings.tokenizer === undefined ? "alpaca" : "tokenizer",
    language: "en",
    cacheDir: ".vicuna",
    access: { hosts: ["127.0.0.1", "localhost"], apiKey: undefined, allowOrigins: [], ...settings.access },
    limits: { ...DEFAULT_LIMITS, requests: 8, ...settings.limits },
    signal: stopping.signal,
    report: (error) => faults.push(error),
  }, settings.page);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  const { port } = server.addr;
  try {
    await run({
      url: `http://127.0.0.1:${port}`,
      port,
      generator,
      faults,
      inside: () => admission.inside,
      stop: () => stopping.abort(new DOMException("stopped by the user", "AbortError")),
    });
  } finally {
    await server.shutdown();
  }
}

/** Waits until a condition holds; fails when it does not within a few seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`it never came true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Posts JSON. */
export function post(url: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = { "content-type": "application/json", ...init.headers };
  return fetch(url, { method: "POST", ...init, headers, body: JSON.stringify(body) });
}

/** A body's `error`, and the status of the response. */
export async function refusal(response: Response): Promise<{ status: number; message: string; code: string | null }> {
  const { error } = await response.json();
  return { status: response.status, message: error.message, code: error.code };
}

/** The events of a stream, parsed. */
export async function eventsIn(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: {"));
  return lines.map((line) => JSON.parse(line.slice("data: ".length)));
}

/** Writes raw bytes to a server and gives what comes back, until it closes or `isEnough`. */
export async function rawRequest(
  port: number,
  text: string,
  isEnough: (answer: string) => boolean = () => false,
): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  let answer = "";
  const decoder = new TextDecoder();
  // Leaving the loop closes the connection.
  for await (const bytes of connection.readable) {
    answer += decoder.decode(bytes, { stream: true });
    if (isEnough(answer)) break;
  }
  return answer;
}
