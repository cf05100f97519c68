import { createHash } from "node:crypto";
import { scoreIn } from "../../../datasets/evaluation/judge_prompts.ts";
import type { JudgeClient } from "./judge_client.ts";

/** A reply with the score in it. */
export interface Judged {
  /** From 0 to 1; null where no reply had one. */
  readonly score: number | null;
  readonly reply: string;
  /** The judge as it names itself. */
  readonly model: string;
}

/** Times that a judge is asked again when its reply has no score. */
const scoreless = 3;

/** How judging goes on. */
export interface JudgingOptions {
  /** Where replies with a score are kept, a line each, so that an interrupted judging goes on. */
  readonly keptIn: string;
  /** Requests under way at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly onJudged: (done: number) => void;
}

/** Puts messages to a judge, several at once, each different one once. What was kept is not asked again. */
export async function judgeAll(
  client: Pick<JudgeClient, "ask">,
  messages: readonly string[],
  { keptIn, concurrency, signal, onJudged }: JudgingOptions,
): Promise<Judged[]> {
  const known = await readKept(keptIn);
  const judged = new Map<string, Judged>();
  const waiting: [id: string, message: string][] = [];
  for (const message of messages) {
    const id = idOf(message);
    const kept = known.get(id);
    if (kept) judged.set(id, kept);
    else if (!waiting.some(([other]) => other === id)) waiting.push([id, message]);
  }
  onJudged(judged.size);
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [id, message] = next;
      const found = await judgeOne(client, message, either);
      judged.set(id, found);
      // Whatever ends the process leaves whole lines, or one torn line at the end.
      if (found.score !== null) {
        await Deno.writeTextFile(keptIn, `${JSON.stringify({ id, ...found })}\n`, { append: true });
      }
      onJudged(judged.size);
    }
  };
  const workers = Array.from({ length: concurrency }, () =>
    work().catch((error) => {
      failure.abort(error);
      throw error;
    }));
  await Promise.allSettled(workers);
  either.throwIfAborted();
  return messages.map((message) => judged.get(idOf(message))!);
}

async function judgeOne(client: Pick<JudgeClient, "ask">, message: string, signal: AbortSignal): Promise<Judged> {
  for (let tried = 1;; tried++) {
    const { text, model } = await client.ask(message, signal);
    const score = scoreIn(text);
    if (score !== undefined || tried === scoreless) return { score: score ?? null, reply: text, model };
  }
}

const idOf = (message: string) => createHash("sha256").update(message).digest("hex");

async function readKept(path: string): Promise<Map<string, Judged>> {
  const kept = new Map<string, Judged>();
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return kept;
    throw error;
  }
  const lines = text.split("\n");
  if (lines.at(-1) !== "") await Deno.writeTextFile(path, lines.slice(0, -1).map((line) => `${line}\n`).join(""));
  for (const line of lines.slice(0, -1)) {
    const { id, ...rest } = JSON.parse(line) as { id: string } & Judged;
    kept.set(id, rest);
  }
  return kept;
}
