import { assertEquals } from "@std/assert";
import { describeChange, diffRecords } from "../../../pipeline/core/explain.ts";
import type { KeyRecord } from "../../../pipeline/core/record.ts";
import { explainMiss } from "../../../pipeline/core/run/miss.ts";
import { LastRun } from "../../../pipeline/core/records/last_run.ts";
import { Store } from "../../../pipeline/core/store/store.ts";
import { joinAndShout, reasons, Workbench } from "./helpers.ts";

const BEFORE: KeyRecord = {
  format: 1,
  stage: "train",
  code: { version: 1 },
  params: { learningRate: 3e-4, lora: { rank: 8, targets: ["q_proj", "v_proj"] }, note: null },
  inputs: { base: "aa", sources: ["bb", "cc"] },
};

function texts(after: KeyRecord, before = BEFORE, sources = {}): string[] {
  return diffRecords(before, after, sources).map(describeChange);
}

Deno.test("diffRecords() goes down to the leaf of params and inputs", () => {
  assertEquals(texts(BEFORE), []);
  const params = { learningRate: 1e-3, lora: { rank: 16, targets: ["q_proj"] }, note: null, warmup: 5 };
  assertEquals(texts({ ...BEFORE, params }), [
    "learningRate 0.0003 -> 0.001",
    "lora.rank 8 -> 16",
    'lora.targets ["q_proj","v_proj"] -> ["q_proj"]',
    "warmup (none) -> 5",
  ]);
  const inputs = { base: "ab", sources: ["bb"], adapter: "dd" };
  const sources = { base: "quantize's output", adapter: "adapter.bin" };
  assertEquals(texts({ ...BEFORE, inputs }, BEFORE, sources), [
    "inputs.base changed (quantize's output)",
    "inputs.sources[1] removed",
    "inputs.adapter added (adapter.bin)",
  ]);
});

Deno.test("diffRecords() names versions, modules and packages", () => {
  assertEquals(texts({ ...BEFORE, code: { version: 2 } }), ["version 1 -> 2"]);
  const user = { ...BEFORE, code: { files: { "a.ts": "1", "b.ts": "2" }, packages: ["npm:x@1"] } };
  const edited = { ...BEFORE, code: { files: { "a.ts": "9", "c.ts": "3" }, packages: ["npm:x@2"] } };
  assertEquals(texts(edited, user), ["a.ts changed", "b.ts removed", "npm:x@1 removed", "c.ts added", "npm:x@2 added"]);
  assertEquals(texts(user), ["version 1 removed", "a.ts added", "b.ts added", "npm:x@1 added"]);
});

Deno.test("describeChange() cuts long values", () => {
  const text = describeChange({ type: "param", path: "template", before: "x".repeat(100), after: "y" });
  assertEquals(text, `template "${"x".repeat(56)}... -> "y"`);
});

Deno.test("explainMiss() compares with the last run of the step, else with the nearest result in the store", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  await bench.run(() => joinAndShout(bench.calls, [path], { params: { seed: 1, separator: ";" } }));
  await bench.run(() => joinAndShout(bench.calls, [path], { params: { seed: 2 } }));
  await bench.run(() => joinAndShout(bench.calls, [path], { params: { seed: 3, separator: ";" } }));
  assertEquals(reasons(bench.events)[0], 'join: separator "," -> ";", seed 2 -> 3');
  const store = new Store(bench.cacheDir);
  const [newest] = await store.manifests("join", 1);
  const record = { ...newest?.record as KeyRecord };
  const partial = {
    record: { ...record, params: { ...record.params, separator: ",", seed: 9 } },
    unknown: new Set<string>(),
    sources: {},
  };
  const elsewhere = { store, lastRun: new LastRun(bench.cacheDir, "another pipeline") };
  assertEquals(await explainMiss("join", partial, { state: "absent" }, elsewhere), {
    type: "changed",
    changes: [{ type: "param", path: "seed", before: 2, after: 9 }],
  });
});
