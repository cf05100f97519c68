import { assertEquals } from "@std/assert";
import {
  defineStage,
  type MemoryUse,
  PipelineError,
  type PlannedStage,
  planPipeline,
} from "../../../../pipeline/core/mod.ts";
import { lines, simplePipeline, text, Workbench } from "../helpers.ts";
import { inputFile } from "../../../../pipeline/core/mod.ts";

const use = (bytes: number): MemoryUse => ({ categories: { text: bytes }, total: bytes, limit: 100, choices: {} });

/** Two stages in a row: the first foresees the length of its text, the second takes as much memory. */
function measured(path: string, calls: string[]) {
  const measure = defineStage({
    name: "measure",
    version: 1,
    inputs: { source: lines },
    output: text,
    foresee: async ({ inputs }) => ({ meta: { length: (await Deno.readTextFile(inputs.source.path ?? "")).length } }),
    async run({ inputs, output }) {
      calls.push("measure");
      const content = await Deno.readTextFile(inputs.source.path);
      await Deno.writeTextFile(`${output.dir}/text.txt`, content);
      return { length: content.length };
    },
  });
  const hold = defineStage({
    name: "hold",
    version: 1,
    inputs: { text },
    output: text,
    foresee({ inputs }) {
      const { length } = inputs.text.meta;
      if (length === undefined) return {};
      if (length > 100) throw new PipelineError(`${length} are too many`);
      return { memory: use(length) };
    },
    run({ inputs, memory }) {
      calls.push("hold");
      memory(use(inputs.text.meta.length));
      return inputs.text.meta;
    },
  });
  return { held: hold({ text: measure({ source: inputFile(lines, path, { language: "zh" }) }) }) };
}

const expectations = (stages: readonly PlannedStage[]) =>
  stages.map((stage) => "expects" in stage ? stage.expects : stage.status);

Deno.test("planPipeline() gives the memory that a stage foresees from what the stages before it foresee, and a run the same", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "twelve chars");
  const plan = () => planPipeline(simplePipeline(() => measured(path, bench.calls)), { cacheDir: bench.cacheDir });
  assertEquals(expectations((await plan()).stages), [{}, { memory: use(12) }]);
  assertEquals(bench.calls, []);
  await bench.run(() => measured(path, bench.calls));
  const told = bench.events.filter((event) => event.type === "stage-memory");
  assertEquals(told, [{ type: "stage-memory", stage: "hold", memory: use(12) }]);
  assertEquals(expectations((await plan()).stages), ["cached", "cached"]);
});

Deno.test("planPipeline() shows why a stage could not run, if the stage knows", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "long ".repeat(40));
  const pipeline = simplePipeline(() => measured(path, bench.calls));
  const { stages } = await planPipeline(pipeline, { cacheDir: bench.cacheDir });
  assertEquals(expectations(stages), [{}, { fault: "200 are too many" }]);
});
