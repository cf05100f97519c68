// What a run prints: render_plain.ts, render_terminal.ts, plan_table.ts and format.ts.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { PipelineEvent } from "../../../pipeline/core/mod.ts";
import {
  formatDuration,
  formatNumber,
  Pace,
  type ProgressEvent,
  progressWords,
} from "../../../tasks/cli/render/format.ts";
import { messagesIn } from "../../../tasks/cli/messages.ts";
import { planTable } from "../../../tasks/cli/render/plan_table.ts";
import { PlainRenderer } from "../../../tasks/cli/render/render_plain.ts";
import { TerminalRenderer } from "../../../tasks/cli/render/render_terminal.ts";
import { displayWidth } from "../../../tasks/cli/render/text_width.ts";

const reason = {
  type: "changed",
  changes: [{ type: "param", path: "learningRate", before: 3e-4, after: 1e-3 }],
} as const;

function progress(done: number, elapsedMs: number): ProgressEvent {
  const metrics = { loss: 2.31846, learning_rate: 1e-5 };
  return { type: "stage-progress", stage: "train", elapsedMs, done, total: 300, unit: "steps", metrics };
}

const EVENTS: PipelineEvent[] = [
  { type: "pipeline-start", pipeline: "test", stages: ["tokenize", "train"] },
  { type: "stage-end", stage: "tokenize", status: "cached", key: "k", digest: "d", dir: "/s", durationMs: 3 },
  { type: "stage-start", stage: "train", key: "k", reason, because: "learningRate 0.0003 -> 0.001" },
  progress(10, 1_000),
  progress(20, 2_000),
  progress(60, 6_000),
  progress(70, 7_000),
  { type: "stage-log", stage: "train", level: "warn", message: "a row was cut" },
  { type: "stage-end", stage: "train", status: "ran", key: "k", digest: "d", dir: "/s", durationMs: 41_200, reason },
  { type: "pipeline-end", pipeline: "test", durationMs: 41_300, counts: { ran: 1, cached: 1, fresh: 0 } },
  {
    type: "output-written",
    dir: join(Deno.cwd(), "out"),
    files: ["adapter.bin", "checkpoint-2/a", "checkpoint-2/b", "report.md"],
  },
];

Deno.test("PlainRenderer prints a line per start and end, and progress every five seconds", () => {
  const lines: string[] = [];
  const renderer = new PlainRenderer((line) => lines.push(line), messagesIn("en"));
  for (const event of EVENTS) renderer.show(event);
  assertEquals(lines, [
    "✓ tokenize  cached",
    "> train  computing, because learningRate 0.0003 -> 0.001",
    "  train  20 %  60/300 steps  10 steps/s  24 s left  loss 2.318  learning_rate 1.0e-5",
    "  train  warning: a row was cut",
    "✓ train  ran 41 s  because learningRate 0.0003 -> 0.001",
    "1 computed, 1 from the cache, 41 s",
    "Results in out/",
    "  adapter.bin",
    "  checkpoint-2/",
    "  report.md",
  ]);
});

Deno.test("that a run will stop is said at once and in place of the time left, in parts of a step", () => {
  const lines = (language: "en" | "zh") => {
    const found: string[] = [];
    const renderer = new PlainRenderer((line) => found.push(line), messagesIn(language));
    const { metrics: _, ...step } = progress(1, 0);
    renderer.show({ type: "stage-start", stage: "train", key: "k", reason, because: "" });
    renderer.show({ ...step, elapsedMs: 5_000 });
    renderer.show({ ...step, done: 1.25, elapsedMs: 7_500 });
    renderer.show({ ...step, done: 1.3, elapsedMs: 8_000, endsInMs: 7_000 });
    renderer.show({ ...step, done: 1.35, elapsedMs: 8_500, endsInMs: 6_500 });
    renderer.show({ ...step, done: 1.9, elapsedMs: 14_000, endsInMs: 1_000 });
    return found.slice(2);
  };
  assertEquals(lines("en"), [
    "  train  0 %  1.3/300 steps  0.1 steps/s  stops in about 7.0 s",
    "  train  0 %  1.9/300 steps  0.1 steps/s  stops in about 1.0 s",
  ]);
  assertEquals(lines("zh")[0], "  train  0 %  1.3/300 steps  0.1 steps/s  约 7.0 秒后停止");
});

Deno.test("PlainRenderer speaks Chinese", () => {
  const lines: string[] = [];
  const renderer = new PlainRenderer((line) => lines.push(line), messagesIn("zh"));
  for (const event of EVENTS) renderer.show(event);
  assertEquals(lines[0], "✓ tokenize  取自缓存");
  assertEquals(lines.at(-6), "✓ train  已计算，用时 41 秒  原因：learningRate 0.0003 -> 0.001");
});

Deno.test("TerminalRenderer keeps one live line within the width, and leaves nothing of it behind", () => {
  let written = "";
  const renderer = new TerminalRenderer({ write: (text) => written += text, columns: () => 60 }, messagesIn("en"));
  for (const event of EVENTS.slice(0, 7)) renderer.show(event);
  const live = written.slice(written.lastIndexOf("\r\x1b[K") + 4);
  assertMatch(live, /train\s+█+░+\s+23 %/);
  assert(displayWidth(live) < 60, `${displayWidth(live)} columns`);
  for (const event of EVENTS.slice(7)) renderer.show(event);
  renderer.close();
  // What a terminal still shows: the last state of each line.
  // deno-lint-ignore no-control-regex
  const shown = written.split("\n").map((line) => line.split("\r\x1b[K").at(-1)?.replace(/\x1b\[[0-9;]*m/g, ""));
  assertEquals(shown.slice(0, 4), [
    "test",
    "✓ tokenize  cached",
    "  a row was cut",
    "✓ train     ran 41 s  because learningRate 0.0003 -> 0.001",
  ]);
  assertEquals(shown.at(-1), "");
});

Deno.test("Pace leaves out what a continued run found done", () => {
  const pace = new Pace();
  assertEquals(pace.update(progress(200, 500)), {});
  assertEquals(pace.update(progress(220, 2_500)), { rate: 10, leftMs: 8_000 });
  const unknown: ProgressEvent = { type: "stage-progress", stage: "s", elapsedMs: 0, done: 5, total: 0, unit: "rows" };
  assertEquals(progressWords(unknown, new Pace(), messagesIn("en")), ["5 rows"]);
});

Deno.test("formatDuration() and formatNumber() are short and exact enough", () => {
  assertEquals([30, 9_900, 41_200, 200_000, 7_500_000].map((ms) => formatDuration(ms, messagesIn("en"))), [
    "0.0 s",
    "9.9 s",
    "41 s",
    "3 min 20 s",
    "2 h 5 min",
  ]);
  assertEquals([9_900, 200_000, 7_500_000].map((ms) => formatDuration(ms, messagesIn("zh"))), [
    "9.9 秒",
    "3 分 20 秒",
    "2 小时 5 分",
  ]);
  assertEquals([0, 120, 2.318456, 12.3456, 0.0003, 1.2e-7, -0.5, NaN, Infinity].map(formatNumber), [
    "0",
    "120",
    "2.318",
    "12.35",
    "0.0003",
    "1.2e-7",
    "-0.5",
    "NaN",
    "Infinity",
  ]);
});

Deno.test("planTable() shows each stage with its status and reason, in both languages", () => {
  const memory = {
    categories: { "base weights": 6.74e9, scales: 0, adapter: 16_800_000 },
    total: 7.37e9,
    limit: 7.4e9,
    source: "nvidia-smi",
    choices: { recomputedLayers: 26 },
  };
  const plan = {
    pipeline: "test",
    stages: [
      { status: "cached", stage: "merge", key: "k", durationMs: 5 },
      { status: "shared", stage: "quantize", key: "k", bytes: 6.75e9 },
      {
        status: "would-run",
        stage: "train",
        key: "k",
        reason,
        sharedFault: "no answer within 30 s",
        expects: { memory, asBefore: { durationMs: 41_000, bytes: 322_000 } },
      },
      { status: "waits", stage: "evaluate", waitsFor: ["train"], changes: [], expects: {} },
    ],
  } as const;
  const table = planTable(plan, messagesIn("en"));
  assertMatch(table, /│ train\s+│ would run\s+│ 41 s, 322 kB\s+│ learningRate 0\.0003 -> 0\.001\s+│/);
  assertStringIncludes(table, "on the result of train");
  assertStringIncludes(table, "1 would run, 1 depend on them, 1 cached, 1 in the shared cache");
  assertMatch(table, /│ quantize\s+│ shared\s+│ 6\.75 GB\s+│ in the shared cache, would be copied\s+│/);
  assertStringIncludes(table, "train: warning: the shared cache cannot be used for it: no answer within 30 s");
  assertStringIncludes(
    table,
    "train: GPU memory 7.37 GB of 7.4 GB (by nvidia-smi) · 26 layers are computed again in backward",
  );
  assertMatch(table, /│ base weights +│ +6\.74 GB │/);
  assert(!table.includes("scales"));
  const chinese = planTable(plan, messagesIn("zh"));
  const widths = chinese.split("\n").filter((line) => /^[│┌├└]/.test(line)).map(displayWidth);
  assertEquals(new Set(widths).size, 2, "two tables, each of one width");
});
