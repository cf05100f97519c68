import type { PromptTemplate } from "../../../datasets/templates/templates.ts";
import { GENERATION_DEFAULTS, type GenerationParams } from "../../../models/generation/request.ts";
import type { AskedGenerator, TaskRun } from "./prepared_task.ts";

/** Requests that are made at once, so that a generator that computes several together can. */
const parallelRequests = 16;

/** What is asked of {@linkcode answersOf}. */
export interface AnsweringOptions {
  /** Name of the loaded adapter; the base alone if left out. */
  readonly adapter?: string | undefined;
  readonly maxNewTokens: number;
  readonly signal: AbortSignal;
  readonly onAnswer?: () => void;
}

/** Answers after which what came is kept. */
const keptTogether = 256;

/** Greedy answers of the base, and of the adapter if there is one, without what the template itself writes around them. */
export async function answersOfSides(
  prompts: readonly (readonly number[])[],
  maxNewTokens: number,
  { generator, adapter, signal, onRequest, keep }: TaskRun,
  { bareAnswer = (answer) => answer }: PromptTemplate,
): Promise<{ before: string[]; after?: string[] }> {
  const side = async (name: string, adapter?: string) => {
    const answers: string[] = [];
    for (let at = 0; at < prompts.length; at += keptTogether) {
      const part = prompts.slice(at, at + keptTogether);
      let done = 0;
      const onAnswer = () => {
        done++;
        onRequest(1);
      };
      const options = { adapter, maxNewTokens, signal, onAnswer };
      answers.push(...await keep(`${name}-${at}`, () => answersOf(generator, part, options)));
      onRequest(part.length - done); // those that were kept
    }
    return answers.map((answer) => bareAnswer(answer));
  };
  const before = await side("base");
  return adapter === undefined ? { before } : { before, after: await side("adapter", adapter) };
}

/** Greedy answers to prompts, without spaces around them; "" where a prompt leaves no room for one. */
export async function answersOf(
  generator: AskedGenerator,
  prompts: readonly (readonly number[])[],
  options: AnsweringOptions,
): Promise<string[]> {
  const { adapter, maxNewTokens, onAnswer } = options;
  const params: GenerationParams = { ...GENERATION_DEFAULTS, maxNewTokens };
  // The first failure ends the other requests, and all have ended before it is told.
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const answers: string[] = prompts.map(() => "");
  let next = 0;
  const work = async () => {
    for (let at = next++; at < prompts.length; at = next++) {
      const prompt = prompts[at]!;
      if (prompt.length < generator.positions) {
        for await (const event of generator.stream({ prompt, adapter, params, signal })) {
          if (event.type === "text") answers[at] += event.text;
        }
      }
      onAnswer?.();
    }
  };
  const workers = Array.from({ length: Math.min(parallelRequests, prompts.length) }, async () => {
    try {
      await work();
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
  const ended = await Promise.allSettled(workers);
  options.signal.throwIfAborted();
  if (ended.some(({ status }) => status === "rejected")) throw failure.signal.reason;
  return answers.map((answer) => answer.trim());
}
