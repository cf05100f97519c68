// What each part of a report runs, each in a child: a driver that crashes or hangs takes nothing else with it.
import { fromFileUrl, join } from "@std/path";
import type { PipelineEvent } from "../../mod.ts";
import { NUMERIC_TESTS } from "./numeric_tests.ts";
import { BENCH_CONFIGS, type BenchConfigName, benchLora } from "../bench/configs.ts";
import type { BenchReport } from "../bench/run.ts";
import { syntheticBatch } from "../bench/synthetic.ts";
import { usefulFlops } from "../bench/useful_flops.ts";
import type { ChildOptions, ChildOutcome } from "../cli/child.ts";
import { formatBytes } from "../cli/render/memory_lines.ts";
import { readTap } from "./tap.ts";
import type { CardPart, CardReport, PartEnd } from "./report.ts";

/** What a part has at hand. */
export interface PartContext {
  /** Runs Deno; ends it when the part's time is over. */
  run(args: readonly string[], options?: Pick<ChildOptions, "env" | "onLine" | "signal">): Promise<ChildOutcome>;
  /** A folder that is removed in the end. */
  readonly folder: string;
  /** Steps of the quickstart. */
  readonly steps: number;
  /** Time that the part has. */
  readonly limitMs: number;
  /** Bytes of memory that the machine has free. */
  freeMemory(): number;
  /** Says how far it is. */
  tell(words: string): void;
}

/** How a part ended, and why not as it should. */
export interface PartOutcome {
  readonly end: PartEnd;
  readonly reason?: string;
}

const project = fromFileUrl(new URL("../../", import.meta.url));
const task = (name: string) => join(project, "tasks", `${name}.ts`);
const done: PartOutcome = { end: "done" };

/** Why a child ended that should not have. */
function failure({ code, stderr, timedOut }: ChildOutcome): PartOutcome {
  if (timedOut) return { end: "cut", reason: "its time was over" };
  const said = stderr.trim().split("\n").slice(-6).join("\n");
  return { end: "failed", reason: `exit code ${code}${said && `: ${said}`}` };
}

/** The JSON object that a task printed last, if it came to that. */
function printed<T>({ stdout }: ChildOutcome): T | undefined {
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  return line.startsWith("{") ? JSON.parse(line) as T : undefined;
}

/** The facts, and whether the kernels pass their check. */
async function doctor({ run }: PartContext, report: CardReport): Promise<PartOutcome> {
  const outcome = await run(["run", "-A", task("doctor"), "--json"]);
  const found = printed<NonNullable<CardReport["doctor"]>>(outcome);
  if (found === undefined) return failure(outcome);
  report.doctor = found;
  return found.healthy ? done : { end: "failed", reason: "the device computes wrong results" };
}

/** The numeric tests, as far as the time reaches. */
async function tests({ run, tell }: PartContext, report: CardReport): Promise<PartOutcome> {
  let count = 0;
  const onLine = (line: string) => {
    if (/^(not )?ok \d/.test(line)) tell(String(++count));
  };
  const paths = NUMERIC_TESTS.map((path) => join(project, path));
  const outcome = await run(["test", "-A", "--no-check", "--reporter=tap", ...paths], { onLine });
  const found = readTap(outcome.stdout);
  report.tests = found;
  if (outcome.timedOut) return failure(outcome);
  if (found.failed.length > 0) return { end: "failed", reason: `${found.failed.length} tests failed` };
  return outcome.code === 0 ? done : failure(outcome);
}

/** A bench of its own for each part, so that what is cut loses no other. */
async function bench(
  part: CardPart,
  args: readonly string[],
  { run }: PartContext,
  report: CardReport,
): Promise<PartOutcome> {
  const outcome = await run(["run", "-A", task("bench"), "--json", ...args]);
  const found = outcome.code === 0 ? printed<BenchReport>(outcome) : undefined;
  if (found === undefined) return failure(outcome);
  report.bench[part] = found;
  return done;
}

/** The first steps of the quickstart; what comes after the training is left out. */
async function quickstart({ run, folder, steps, tell }: PartContext, report: CardReport): Promise<PartOutcome> {
  const trained = new AbortController();
  const progress: Extract<PipelineEvent, { type: "stage-progress" }>[] = [];
  let digest: string | undefined;
  const onLine = (line: string) => {
    const event = JSON.parse(line) as PipelineEvent;
    if (!("stage" in event) || event.stage !== "train") return;
    if (event.type === "stage-progress" && event.unit === "steps") {
      progress.push(event);
      tell(`${event.done}/${event.total}`);
    }
    if (event.type !== "stage-end") return;
    digest = event.digest;
    trained.abort();
  };
  const args = ["run", "-A", task("train"), "quickstart", "--max-steps", String(steps), "--json"];
  let ended = done;
  try {
    ended = failure(await run(args, { env: { INIT_CWD: folder }, onLine, signal: trained.signal }));
  } catch (error) {
    if (!trained.signal.aborted) throw error;
  }
  if (digest !== undefined) ended = done;
  const [first, last] = [progress[0], progress.at(-1)];
  const ms = (last?.elapsedMs ?? 0) - (first?.elapsedMs ?? 0);
  report.quickstart = {
    steps: last?.done ?? 0,
    digest: digest ?? null,
    steps_per_second: ms > 0 ? ((last?.done ?? 0) - (first?.done ?? 0)) / ms * 1000 : 0,
    losses: progress.flatMap(({ metrics }) => metrics?.["loss"] === undefined ? [] : [metrics["loss"]]),
  };
  return ended;
}

/** Bits that LLaMA-7B's base may have, the best first, and the GB that its training then takes. */
const sizes7B = [{ bits: 8, memory: 7.4 }, { bits: 4, memory: 4.4 }] as const;
/** A part has that much more to do than its steps: making weights, compiling, choosing variants. */
const besideStepsMs = 30_000;
/** Steps that a bench takes of a model, at least; of one whose steps take longer than 20 s it takes one. */
const benchSteps = (stepMs: number) => stepMs > 20_000 ? 1 : 6;

/** How long a step of LLaMA-7B takes at the rate of M's; undefined where that was not measured. */
function expectedStepMs({ bench }: CardReport): number | undefined {
  const rate = bench["step-M"]?.steps[0]?.gflops;
  const { model, rows, rowTokens } = BENCH_CONFIGS["llama-7b"];
  return rate &&
    usefulFlops(model, benchLora, syntheticBatch(model.vocabularySize, rows, rowTokens)).total / rate / 1e6;
}

async function step7B(context: PartContext, report: CardReport): Promise<PartOutcome> {
  if (report.parts.find(({ part }) => part === "step-M")?.end === "cut") {
    return { end: "skipped", reason: "the step of M had not enough time" };
  }
  const stepMs = expectedStepMs(report);
  const neededMs = stepMs === undefined ? 0 : besideStepsMs + benchSteps(stepMs) * stepMs;
  if (neededMs > context.limitMs) {
    const [needed, left] = [neededMs, context.limitMs].map((ms) => Math.round(ms / 1000));
    return { end: "skipped", reason: `it would take about ${needed} s at the rate of M, and ${left} s are left` };
  }
  // What a card has, its driver knows: the bench fails there when it is not enough.
  const atHand = report.doctor?.device.software ? 0.9 * context.freeMemory() : Infinity;
  let last: PartOutcome = { end: "skipped", reason: `it wants 4.4 GB of memory, ${formatBytes(atHand)} are free` };
  for (const { bits, memory } of sizes7B) {
    if (memory * 1e9 > atHand) continue;
    const args = ["--config", "llama-7b", "--bits", String(bits), "--steps", "1", "--gpu-memory", String(memory)];
    last = await bench("step-llama-7b", args, context, report);
    if (!/memory/i.test(last.reason ?? "")) return last;
  }
  return last;
}

const stepOf = (part: CardPart, config: BenchConfigName) => (context: PartContext, report: CardReport) =>
  bench(part, ["--config", config, "--bits", "8"], context, report);

/** A part of the report: its share of all the time in seconds, and what it does. */
export const PARTS: Readonly<
  Record<CardPart, {
    readonly share: number;
    readonly run: (context: PartContext, report: CardReport) => Promise<PartOutcome>;
  }>
> = {
  doctor: { share: 60, run: doctor },
  tests: { share: 200, run: tests },
  products: {
    share: 70,
    run: (context, report) =>
      bench("products", ["--only", "kernels", "--shapes", "compared", "--bits", "8"], context, report),
  },
  "step-S": { share: 50, run: stepOf("step-S", "S") },
  "step-M": { share: 60, run: stepOf("step-M", "M") },
  quickstart: { share: 80, run: quickstart },
  "step-llama-7b": { share: 80, run: step7B },
};
