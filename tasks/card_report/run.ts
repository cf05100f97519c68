// Takes the parts one after the other, each within its share of the time and what the others before it left.
import type { ChildOptions, ChildOutcome } from "../cli/child.ts";
import { type PartContext, type PartOutcome, PARTS } from "./parts.ts";
import { CARD_PARTS, type CardPart, type CardReport } from "./report.ts";

/** A part that says nothing of itself is told of so often. */
const tickMs = 10_000;

/** How a report is made. */
export interface CardRunOptions {
  /** Time for all of it. */
  readonly limitMs: number;
  readonly steps: number;
  /** Parts to take; the others are skipped. */
  readonly parts: readonly CardPart[];
  /** A folder for what the parts leave behind. */
  readonly folder: string;
}

/** What is told on the way. */
export interface CardProgress {
  readonly part: CardPart;
  readonly number: number;
  readonly of: number;
  /** How far the part is, such as `34/100`; empty where it does not say. */
  readonly words: string;
  /** Time that the part has at most, and all together, from now. */
  readonly partLeftMs: number;
  readonly leftMs: number;
}

/** What the run leans on, so that tests need neither children nor time. */
export interface CardRunServices {
  runDeno(args: readonly string[], options: ChildOptions): Promise<ChildOutcome>;
  now(): number;
  freeMemory(): number;
  /** Is told of each part's beginning, whenever it goes on, and now and then. */
  progress(progress: CardProgress): void;
}

/** Makes a report. Only an aborted signal ends it early; whatever else fails is in the report. */
export async function makeReport(
  { limitMs, steps, parts, folder }: CardRunOptions,
  { runDeno, now, freeMemory, progress }: CardRunServices,
  signal: AbortSignal,
): Promise<CardReport> {
  const report: CardReport = {
    format: 1,
    date: new Date().toISOString().slice(0, 10),
    deno: Deno.version.deno,
    target: Deno.build.target,
    parts: [],
    bench: {},
  };
  const begin = now();
  const all = CARD_PARTS.reduce((sum, part) => sum + PARTS[part].share, 0);
  let shares = 0;
  for (const [index, part] of CARD_PARTS.entries()) {
    const start = now();
    // Shares that were not used up, and those of parts that are not wanted, pass on to the next.
    shares += PARTS[part].share;
    const end = begin + limitMs * shares / all;
    const partLimitMs = end - start;
    let words = "";
    const tell = () => {
      const [partLeftMs, leftMs] = [end - now(), begin + limitMs - now()];
      progress({ part, number: index + 1, of: CARD_PARTS.length, words, partLeftMs, leftMs });
    };
    const context: PartContext = {
      run: (args, { signal: other, ...options } = {}) =>
        runDeno(args, {
          ...options,
          limitMs: Math.max(0, end - now()),
          signal: other ? AbortSignal.any([signal, other]) : signal,
        }),
      folder,
      steps,
      freeMemory,
      limitMs: partLimitMs,
      tell(next) {
        words = next;
        tell();
      },
    };
    const ticker = setInterval(tell, tickMs);
    const outcome = await take(part, parts, context, report).finally(() => clearInterval(ticker));
    signal.throwIfAborted();
    report.parts.push({ part, seconds: Math.round((now() - start) / 100) / 10, ...outcome });
  }
  return report;
}

async function take(
  part: CardPart,
  wanted: readonly CardPart[],
  context: PartContext,
  report: CardReport,
): Promise<PartOutcome> {
  if (!wanted.includes(part)) return { end: "skipped", reason: "it was not asked for" };
  if (context.limitMs <= 0) return { end: "skipped", reason: "no time was left" };
  context.tell("");
  try {
    return await PARTS[part].run(context, report);
  } catch (error) {
    return { end: "failed", reason: (error as Error).message };
  }
}
