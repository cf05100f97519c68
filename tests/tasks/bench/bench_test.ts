// All that bench measures, once and small: run.ts, measure.ts, products.ts, packing.ts, tables.ts.
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { fill } from "../../../kernels/layer/rows.ts";
import { variantFor } from "../../../kernels/product/product_choice.ts";
import { createTensor } from "../../../kernels/gpu/tensor.ts";
import { Meter } from "../../../tasks/bench/measure.ts";
import { paddedBatches } from "../../../tasks/bench/packing.ts";
import { benchProduct } from "../../../tasks/bench/products.ts";
import { machineFacts } from "../../../tasks/bench/machine.ts";
import { BENCH_PARTS, type BenchProgress } from "../../../tasks/bench/pieces.ts";
import { type BenchReport, runBench } from "../../../tasks/bench/run.ts";
import { partTables } from "../../../tasks/bench/tables.ts";
import { benchMemoryBound } from "../../../tasks/bench/memory_bound.ts";
import { BENCH_CONFIGS } from "../../../tasks/bench/configs.ts";

Deno.test("runBench() measures a training step: memory as planned, rates that fit together, a little encoding", async () => {
  const device = await openDevice();
  try {
    const done: string[] = [];
    const options = {
      parts: BENCH_PARTS.filter((part) => part !== "kernels"),
      configs: ["quickstart"],
      shapes: [],
      steps: 1,
      tokens: 16,
      memory: 1e9,
      repeatMs: 10,
      autotune: false,
      data: "no such folder",
    } as const;
    const begun: string[] = [];
    const observer = {
      begin: ({ part, name, pieces }: BenchProgress) => begun.push(`${part}: ${name} of ${pieces}`),
      done: (part: string) => done.push(part),
    };
    const report = await runBench(device, options, observer, new AbortController().signal);
    assertEquals(begun, ["steps: quickstart, 8 bits of 2", "decode: quickstart, 8 bits of 2"]);
    assertEquals(done, ["steps", "decode", "packing"]);
    const step = report.steps[0]!;
    assertEquals(step.memory.allocated, step.memory.planned);
    assertEquals(report.memory?.allocated, step.memory.planned);
    assertEquals(Math.round(step.tokens_per_second * step.ms / 1000), 16);
    assertLess(step.encode_ms, step.ms);
    assertGreater(step.product_gflops ?? 0, 0);
    if (device.info.features.includes("timestamp-query")) {
      const dispatches = Object.fromEntries(step.breakdown.map((time) => [time.kernel, time.dispatches]));
      assertEquals(dispatches["embed"], 1);
      assertEquals(dispatches["adamw"], 1);
      // Seven projections of four layers and the head; backward without q, k and v of the lowest layer.
      assertEquals(dispatches["product"], 29);
      assertEquals(dispatches["product_transposed"], 26);
    }
    for (const rate of ["prompt_tokens_per_second", "tokens_per_second", "batched_tokens_per_second"] as const) {
      assertGreater(report.decode[0]![rate], 0);
    }
    assert(partTables("decode", report, "en").includes("of 8"));
    assertEquals(report.skipped.map(({ part }) => part), ["packing"]);
    assert(partTables("steps", report, "en").includes("quickstart"));
    assert(partTables("packing", report, "zh").includes("no such folder"));
  } finally {
    device.close();
  }
});

Deno.test("kernel results name op, variant, bits and shape, and print as a table", async () => {
  const device = await openDevice();
  const meter = new Meter(device, 1);
  try {
    const [forward, back] = [
      variantFor(device, { op: "product", bits: 4, rows: 9, inner: 8, outer: 12 }),
      variantFor(device, { op: "product_transposed", bits: 4, rows: 9, inner: 12, outer: 8 }),
    ];
    const products = await benchProduct(meter, { m: 9, n: 12, k: 8 }, 4, false);
    assertEquals(products.map(({ gflops: _, ...rest }) => rest), [
      { op: "product", variant: forward.name, bits: 4, m: 9, n: 12, k: 8 },
      { op: "product_transposed", variant: back.name, bits: 4, m: 9, n: 12, k: 8 },
    ]);
    const float32 = await benchProduct(meter, { m: 9, n: 12, k: 8 }, 32, false);
    assertEquals(float32.map(({ op }) => op), ["product", "product_transposed", "weight_gradient"]);
    const moved = await benchMemoryBound(meter, BENCH_CONFIGS.quickstart.model);
    for (const { op, gbps } of moved) assertGreater(gbps, 0, op);
    const parts = { steps: [], decode: [], packing: [], skipped: [] };
    const report: BenchReport = { machine: machineFacts(device.info), kernels: [...products, ...moved], ...parts };
    const text = partTables("kernels", report, "en");
    for (const { op } of moved) assert(text.includes(op), op);
  } finally {
    meter.close();
    device.close();
  }
});

Deno.test("a meter's time of a call does not grow with the number of calls", async () => {
  const device = await openDevice();
  const meter = new Meter(device, 50);
  try {
    await meter.scope(async (made) => {
      const [small, large] = [createTensor(device, "small", [1 << 12]), createTensor(device, "large", [1 << 20])];
      made.push(small, large);
      const quick = await meter.best(() => fill(meter.stream, small, 1));
      const slow = await meter.best(() => fill(meter.stream, large, 1));
      assertGreater(slow, quick);
    });
  } finally {
    meter.close();
    device.close();
  }
});

Deno.test("paddedBatches() pads four rows to the longest, to a multiple of eight, and labels every position", () => {
  const row = (length: number) => ({
    ids: new Uint32Array(length).fill(length),
    labelled: new Uint8Array(length).fill(1, 3),
  });
  const batches = paddedBatches([5, 9, 16, 3, 20].map(row));
  assertEquals(batches.map(({ ids }) => ids.length), [4 * 16, 24]);
  const [first] = batches;
  assertEquals([...first!.ids.subarray(0, 17)], [...Array(5).fill(5), ...Array(11).fill(0), 9]);
  assertEquals([...first!.positions.subarray(14, 18)], [14, 15, 0, 1]);
  assertEquals([...first!.starts.subarray(14, 18)], [0, 0, 16, 16]);
  assert(first!.labels.every((label) => label >= 0));
});
