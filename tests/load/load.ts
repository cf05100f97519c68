// Clients that stream from a server for a while, and others that are killed while they do.
import { fromFileUrl, join } from "@std/path";
import OpenAI, { RateLimitError } from "openai";
import { writeTinyModel } from "../tasks/children.ts";
import type { Measure } from "./server.ts";

/** How much load. */
export interface LoadOptions {
  /** Time that each of the two parts takes: clients that stay, and clients that are killed. */
  readonly seconds: number;
  /** Clients at once. */
  readonly clients: number;
}

/** A measure, and how many clients had been killed by then. */
export interface KillMeasure extends Measure {
  readonly killed: number;
}

/** What came of it. */
export interface LoadReport {
  /** Answers that were read to their end, and their tokens. */
  readonly answers: number;
  readonly tokens: number;
  /** Clients that were killed in the middle of an answer. */
  readonly killed: number;
  /** Of the clients that were to be killed, those that the server had no place for: others' ends were still noticed. */
  readonly refused: number;
  readonly errors: readonly string[];
  /** After the first answers, while clients stream, while they are killed, and when all are gone. */
  readonly before: Measure;
  readonly during: readonly Measure[];
  readonly duringKills: readonly KillMeasure[];
  readonly after: Measure;
}

/** Time between two measures, in milliseconds. */
const MEASURE_MS = 1000;

/** Starts a server, puts load on it and reports. */
export async function runLoad({ seconds, clients }: LoadOptions): Promise<LoadReport> {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-load-" });
  try {
    await writeTinyModel(join(folder, "model"));
    await using server = await startServer(folder);
    const counts = { answers: 0, tokens: 0, killed: 0, refused: 0, errors: [] as string[] };
    const everyone = (run: (client: number) => Promise<void>) =>
      Promise.all(Array.from({ length: clients }, (_, i) => run(i)));
    await everyone((i) => answer(server.url, i, counts));
    Object.assign(counts, { answers: 0, tokens: 0 });
    const before = await server.measure();

    const during: Measure[] = [];
    let end = performance.now() + seconds * 1000;
    const duringKills: KillMeasure[] = [];
    let killing = false;
    const timer = setInterval(async () => {
      const { killed } = counts;
      const measure = await server.measure().catch(() => undefined); // a busy server is asked again a second later
      if (measure === undefined) return;
      if (killing) duringKills.push({ ...measure, killed });
      else during.push(measure);
    }, MEASURE_MS);
    try {
      await everyone(async (i) => {
        while (performance.now() < end) await answer(server.url, i, counts);
      });
      duringKills.push({ ...await server.measure(), killed: 0 });
      killing = true;
      end = performance.now() + seconds * 1000;
      await everyone(async (i) => {
        for (let turn = 0; performance.now() < end; turn++) {
          if ((i + turn) % 2 === 0) await leaveEarly(server.url, i + turn, counts);
          else await cutConnection(server.port, i + turn, counts);
        }
      });
    } finally {
      clearInterval(timer);
    }
    const after = await server.settled();
    return { ...counts, before, during, duringKills: [...duringKills, { ...after, killed: counts.killed }], after };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How much memory grew while each so many clients were killed. Each is as much as the one before where something leaks. */
export interface Growth {
  /** Clients that had been killed. */
  readonly from: number;
  readonly to: number;
  /** In bytes. */
  readonly rss: number;
  readonly heap: number;
  readonly reserved: number;
}

/** Growth by each `count` of killed clients; what is left over at the end is not told. */
export function growthByKills(measures: readonly KillMeasure[], count: number): Growth[] {
  const growths: Growth[] = [];
  let [last] = measures;
  for (const now of measures) {
    if (last === undefined || now.killed < last.killed + count) continue;
    growths.push({
      ...{ from: last.killed, to: now.killed },
      ...{ rss: now.rss - last.rss, heap: now.heap - last.heap, reserved: now.reserved - last.reserved },
    });
    last = now;
  }
  return growths;
}

type Counts = { answers: number; tokens: number; killed: number; refused: number; errors: string[] };

const bodyOf = (turn: number) => ({
  model: "tiny",
  messages: [{ role: "user" as const, content: turn % 3 === 0 ? "a" : `b ${turn}` }],
  max_tokens: 40 + turn % 5 * 4,
  temperature: turn % 2,
  min_tokens: 20, // passed on as it is
  stream: true as const,
});

const clientOf = (url: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });

/** Reads an answer to its end. */
async function answer(url: string, turn: number, counts: Counts): Promise<void> {
  try {
    const options = { stream_options: { include_usage: true } };
    let [finished, tokens] = [false, 0];
    for await (const chunk of await clientOf(url).chat.completions.create({ ...bodyOf(turn), ...options })) {
      finished ||= chunk.choices.some(({ finish_reason }) => finish_reason !== null);
      tokens += chunk.usage?.completion_tokens ?? 0;
    }
    if (!finished || tokens < 20) throw new Error(`an answer of ${tokens} tokens, finished: ${finished}`);
    counts.answers++;
    counts.tokens += tokens;
  } catch (error) {
    counts.errors.push(String(error));
  }
}

/** Reads a few pieces, then goes away as a client does. */
async function leaveEarly(url: string, turn: number, counts: Counts): Promise<void> {
  try {
    let pieces = 0;
    for await (const _ of await clientOf(url).chat.completions.create(bodyOf(turn))) {
      if (++pieces > turn % 7) break;
    }
    counts.killed++;
  } catch (error) {
    if (error instanceof RateLimitError) counts.refused++;
    else counts.errors.push(String(error));
  }
}

/** Lets the connection die in the middle of an answer, as a killed process does. */
async function cutConnection(port: number, turn: number, counts: Counts): Promise<void> {
  const body = JSON.stringify(bodyOf(turn));
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head + body));
  const bytes = new Uint8Array(400);
  const read = await connection.read(bytes);
  const [, status] = new TextDecoder().decode(bytes.subarray(0, read ?? 0)).split(" ");
  if (status === "200") counts.killed++;
  else if (status === "429") counts.refused++;
  else counts.errors.push(`a connection was answered with status ${status}`);
}

async function startServer(folder: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", fromFileUrl(new URL("server.ts", import.meta.url)), folder],
    ...{ stdin: "piped", stdout: "piped", stderr: "inherit" },
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await reader.read()).value);
  if (!port) throw new Error("the server did not start");
  const url = `http://127.0.0.1:${port}`;
  const measure = async (): Promise<Measure> => await (await fetch(`${url}/measure`)).json();
  return {
    ...{ url, port, measure },
    /** What it holds when no request is left. */
    async settled(): Promise<Measure> {
      for (let tries = 0; tries < 200; tries++) {
        const now = await measure();
        if (now.inside === 0) return now;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error("requests of clients that are gone are still there after 10 s");
    },
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await reader.cancel();
      const { success, code } = await child.status;
      if (!success) throw new Error(`the server ended with code ${code}`);
    },
  };
}
