// The order, the time and the faults of a report, with children and a clock that are made up.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { ChildOptions, ChildOutcome } from "../../../tasks/cli/child.ts";
import { CARD_PARTS } from "../../../tasks/card_report/report.ts";
import { reportMarkdown } from "../../../tasks/card_report/markdown.ts";
import { type CardProgress, makeReport } from "../../../tasks/card_report/run.ts";

/** What a child is asked to do, by what is in its arguments. */
type Play = (options: ChildOptions) => Partial<ChildOutcome> & { readonly ms: number };

const steps = (gflops: number) => JSON.stringify({ machine: {}, kernels: [], steps: [{ gflops }], skipped: [] });
const tap = 'ok 1 - a\nnot ok 2 - b\n  ---\n  {"message":"off by 2"}\n  ...\nok 3 - c # SKIP\n1..3\n';
const stageLine = (event: object) => JSON.stringify({ stage: "train", ...event });

/** Children that do well; each takes a tenth of a second. */
const well: Record<string, Play> = {
  "doctor.ts": () => ({ ms: 100, stdout: `{"healthy":true,"device":{"software":false},"checks":[]}` }),
  "--reporter=tap": () => ({ ms: 100, stdout: "ok 1 - a\n1..1\n" }),
  "--shapes": () => ({ ms: 100, stdout: steps(1) }),
  "--config S ": () => ({ ms: 100, stdout: steps(100) }),
  "--config M ": () => ({ ms: 100, stdout: steps(100_000) }),
  "quickstart": ({ onLine }) => {
    for (const [done, elapsedMs] of [[1, 1000], [3, 2000]]) {
      onLine?.(
        stageLine({ type: "stage-progress", unit: "steps", done, total: 3, elapsedMs, metrics: { loss: 6 - done! } }),
      );
    }
    onLine?.(stageLine({ type: "stage-end", digest: "d1" }));
    return { ms: 100 };
  },
  "llama-7b": () => ({ ms: 100, stdout: steps(1) }),
};

/** Makes a report of ten minutes; gives what was told and what each child was given. */
async function make(plays: Record<string, Play>, signal = new AbortController().signal, freeMemory = 32e9) {
  let time = 5_000;
  const told: CardProgress[] = [];
  const limits: [string, number | undefined][] = [];
  const report = await makeReport({ limitMs: 600_000, steps: 3, parts: CARD_PARTS, folder: "." }, {
    now: () => time,
    freeMemory: () => freeMemory,
    progress: (progress) => told.push(progress),
    runDeno(args, options) {
      const [name, play] = Object.entries(plays).find(([name]) => `${args.join(" ")} `.includes(name))!;
      limits.push([name, options.limitMs && Math.round(options.limitMs)]);
      const { ms, ...outcome } = play(options);
      time += ms;
      options.signal?.throwIfAborted();
      return Promise.resolve({ code: 0, stdout: "", stderr: "", timedOut: false, ...outcome });
    },
  }, signal);
  return { report, told, limits };
}

Deno.test("a report takes all parts in order, and time that one leaves goes to the next", async () => {
  const { report, told, limits } = await make(well);
  assertEquals(report.parts.map(({ part, end }) => `${part} ${end}`), CARD_PARTS.map((part) => `${part} done`));
  assertEquals(report.parts.map(({ seconds }) => seconds), CARD_PARTS.map(() => 0.1));
  assertEquals(report.quickstart, { steps: 3, digest: "d1", steps_per_second: 2, losses: [5, 3] });
  assertEquals(limits.map(([name]) => name), Object.keys(well));
  // A minute; then 200 s more, less the tenth of a second that was used.
  assertEquals(limits.slice(0, 2).map(([, limit]) => limit), [60_000, 259_900]);
  assertEquals(told.filter(({ part }) => part === "quickstart").map(({ words }) => words), ["", "1/3", "3/3"]);
  assertEquals(told[1], { part: "tests", number: 2, of: 7, words: "", partLeftMs: 259_900, leftMs: 599_900 });
});

Deno.test("what fails is told with its reason, and the rest goes on", async () => {
  const { report } = await make({
    ...well,
    "doctor.ts": () => ({ ms: 1, code: 1, stderr: "warning\nno adapter found\n" }),
    "--reporter=tap": () => ({ ms: 1, code: 1, stdout: tap }),
    "--config S ": () => {
      throw new Error("cannot start deno: gone");
    },
    "quickstart": () => ({ ms: 1, code: 139 }),
  });
  const ends = Object.fromEntries(report.parts.map(({ part, end, reason }) => [part, [end, reason]]));
  assertEquals(ends["doctor"], ["failed", "exit code 1: warning\nno adapter found"]);
  assertEquals(ends["tests"], ["failed", "1 tests failed"]);
  assertEquals(report.tests, { passed: 1, skipped: 1, failed: [{ name: "b", message: "off by 2" }] });
  assertEquals(ends["step-S"], ["failed", "cannot start deno: gone"]);
  assertEquals(ends["quickstart"], ["failed", "exit code 139"]);
  assertEquals(ends["step-M"]?.[0], "done");
  const text = reportMarkdown({ ...report, bench: {} });
  assertStringIncludes(text, "| doctor | failed | 0.0 | exit code 1: warning no adapter found |");
  assertStringIncludes(text, "off by 2");
});

Deno.test("what takes too long is cut, keeps what it has, and a part without time is skipped", async () => {
  const cut: Play = ({ limitMs }) => ({ ms: limitMs ?? 0, code: 143, timedOut: true, stdout: "ok 1 - a\nok 2 - b\n" });
  const cutTraining: Play = (options) => {
    options.onLine?.(
      stageLine({ type: "stage-progress", unit: "steps", done: 1, elapsedMs: 1000, metrics: { loss: 5 } }),
    );
    options.onLine?.(
      stageLine({ type: "stage-progress", unit: "steps", done: 2, elapsedMs: 2000, metrics: { loss: 4 } }),
    );
    return cut(options);
  };
  const { report } = await make({ ...well, "--reporter=tap": cut, "--config M ": cut, "quickstart": cutTraining });
  const ends = Object.fromEntries(report.parts.map(({ part, end, reason }) => [part, `${end}: ${reason}`]));
  assertEquals(ends["tests"], "cut: its time was over");
  assertEquals(report.tests?.passed, 2);
  assertEquals(ends["step-M"], "cut: its time was over");
  assertEquals(ends["step-llama-7b"], "skipped: the step of M had not enough time");
  assertEquals(ends["quickstart"], "cut: its time was over");
  assertEquals(report.quickstart, { steps: 2, digest: null, steps_per_second: 1, losses: [5, 4] });
  const late = await make({ ...well, "--reporter=tap": () => ({ ms: 601_000, timedOut: true }) });
  assertEquals(
    late.report.parts.slice(2).map(({ end, reason }) => `${end}: ${reason}`),
    Array(5).fill("skipped: no time was left"),
  );
});

Deno.test("LLaMA-7B's step is left out where M's rate says that it would take too long", async () => {
  const { report, limits } = await make({ ...well, "--config M ": () => ({ ms: 100, stdout: steps(5) }) });
  assertEquals(limits.some(([name]) => name === "llama-7b"), false);
  const { end, reason } = report.parts.at(-1)!;
  // 26.6 · 10⁹ operations a token, 256 tokens, 5 · 10⁹ a second; one step, and what is beside it.
  assertEquals([end, reason], ["skipped", "it would take about 1390 s at the rate of M, and 599 s are left"]);
});

Deno.test("LLaMA-7B's base has as many bits as the memory of a driver on the processor allows", async () => {
  const software = { ms: 100, stdout: `{"healthy":true,"device":{"software":true},"checks":[]}` };
  const bitsWith = async (memory: number) => {
    const given: string[] = [];
    const four: Play = () => (given.push("4"), { ms: 100, stdout: steps(1) });
    const { report } = await make({ "--bits 4 ": four, ...well, "doctor.ts": () => software }, undefined, memory);
    return [given.join(), report.parts.at(-1)!.end, report.parts.at(-1)!.reason];
  };
  assertEquals(await bitsWith(16e9), ["", "done", undefined]);
  assertEquals(await bitsWith(6e9), ["4", "done", undefined]);
  assertEquals(await bitsWith(3e9), ["", "skipped", "it wants 4.4 GB of memory, 2.7 GB are free"]);
});

Deno.test("a report that is stopped throws, and begins no other part", async () => {
  const controller = new AbortController();
  const stop: Play = () => {
    controller.abort(new Error("stopped"));
    return { ms: 1 };
  };
  await assertRejects(() => make({ ...well, "--shapes": stop }, controller.signal), Error, "stopped");
});
