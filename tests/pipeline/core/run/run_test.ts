import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { defineStage, inputFile, kind, optional, PipelineError, z } from "../../../../pipeline/core/mod.ts";
import { joinAndShout, joinStage, lines, reasons, summary, text, Workbench } from "../helpers.ts";

Deno.test("runPipeline() computes each stage once and then takes it from the store", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one\n");
  const first = await bench.run(() => joinAndShout(bench.calls, [path]));
  assertEquals(summary(first), ["join ran", "shout ran"]);
  assertEquals(reasons(bench.events), ["join: first run", "shout: first run"]);
  assertEquals(await Deno.readTextFile(`${first.targets.loud.dir}/text.txt`), "ONE!");
  const second = await bench.run(() => joinAndShout(bench.calls, [path]));
  assertEquals(summary(second), ["join cached", "shout cached"]);
  assertEquals(bench.calls, []);
  assertEquals(second.targets.loud.digest, first.targets.loud.digest);
  assertEquals(second.targets.loud.meta, { length: 4 });
});

Deno.test("runPipeline() gives the same keys for defaults written out, left out, undefined or in another order", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const keys = async (params: Parameters<typeof joinAndShout>[2]) =>
    (await bench.run(() => joinAndShout(bench.calls, [path], params))).stages.map(({ key }) => key);
  const plain = await keys({});
  assertEquals(await keys({ params: { seed: 42, separator: ",", trim: { right: true, left: true } } }), plain);
  assertEquals(await keys({ params: { trim: { left: true } } }), plain);
  assertEquals(await keys({ params: { ["seed" as string]: undefined } }), plain);
  assertNotEquals(await keys({ params: { seed: 43 } }), plain);
});

Deno.test("runPipeline() says to the leaf what made a stage run, and what came of it", async () => {
  await using bench = new Workbench();
  const [a, b] = [await bench.write("a.txt", "one"), await bench.write("b.txt", "two")];
  await bench.run(() => joinAndShout(bench.calls, [a, b]));
  await bench.run(() => joinAndShout(bench.calls, [a, b], { params: { separator: ";", trim: { left: false } } }));
  assertEquals(reasons(bench.events), [
    'join: separator "," -> ";", trim.left true -> false',
    "shout: inputs.text changed (join's output)",
  ]);
  await Deno.writeTextFile(b, "three");
  await bench.run(() => joinAndShout(bench.calls, [a, b], { params: { separator: ";", trim: { left: false } } }));
  assertEquals(reasons(bench.events)[0], "join: inputs.sources[1] changed (b.txt)");
  await bench.run(() => joinAndShout(bench.calls, [a], { versions: [2, 1] }));
  assertMatch(reasons(bench.events)[0] ?? "", /^join: version 1 -> 2, .*inputs\.sources\[1\] removed/);
});

Deno.test("runPipeline() does not spread a rebuild whose output is unchanged", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  await bench.run(() => joinAndShout(bench.calls, [path]));
  const rebuilt = await bench.run(() => joinAndShout(bench.calls, [path], { params: { seed: 7 } }));
  // The volatile timing.txt differs, and that does not count.
  assertEquals(summary(rebuilt), ["join ran", "shout cached"]);
  assertEquals(reasons(bench.events), ["join: seed 42 -> 7"]);
});

Deno.test("runPipeline() takes a touched or moved input for the same input", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  await bench.run(() => joinAndShout(bench.calls, [path]));
  await Deno.utime(path, 1, 1);
  assertEquals(summary(await bench.run(() => joinAndShout(bench.calls, [path]))), ["join cached", "shout cached"]);
  const moved = join(bench.dir, "elsewhere.md");
  await Deno.rename(path, moved);
  assertEquals(summary(await bench.run(() => joinAndShout(bench.calls, [moved]))), ["join cached", "shout cached"]);
});

Deno.test("runPipeline() joins equal calls to one step, and calls a key that came up before fresh", async () => {
  await using bench = new Workbench();
  const [a, same] = [await bench.write("a.txt", "one"), await bench.write("same.txt", "one")];
  const result = await bench.run(() => ({
    first: joinAndShout(bench.calls, [a]).loud,
    again: joinAndShout(bench.calls, [a]).loud,
    twin: joinAndShout(bench.calls, [same]).loud,
  }));
  // joinAndShout defines its stages anew each time, so the calls stay apart; their keys do not.
  assertEquals(summary(result).map((line) => line.replace(/^(join|shout)(#\d)? /, "$1 ")).sort(), [
    "join fresh",
    "join fresh",
    "join ran",
    "shout fresh",
    "shout fresh",
    "shout ran",
  ]);
  assertEquals(bench.calls, ["join", "shout"]);
  const stage = joinStage(bench.calls);
  const source = () => inputFile(lines, a, { language: "zh" });
  const joined = await bench.run(() => ({
    one: stage({ sources: [source()] }),
    two: stage({ sources: [source()], seed: 42 }),
    other: stage({ sources: [source()], seed: 1 }),
  }));
  assertEquals(summary(joined), ["join cached", "join#2 ran"]);
});

Deno.test("runPipeline() gives a stage only what it declares, and its meta and settings", async () => {
  await using bench = new Workbench();
  const path = await bench.write("sub/a.txt", "one");
  const seen: unknown[] = [];
  const look = defineStage({
    name: "look",
    version: 1,
    inputs: { source: lines, extra: optional(lines) },
    params: z.object({ depth: z.number().default(2) }),
    settings: z.object({ workers: z.number().default(1) }),
    output: text,
    run({ inputs, params, settings }) {
      seen.push(inputs.source.dir, inputs.source.path, inputs.source.meta, inputs.source.files[0]?.path);
      seen.push(inputs.extra, params, settings);
      return { length: 0 };
    },
  });
  const wire = (workers: number) => () => ({
    t: look({ source: inputFile(lines, path, { language: "en" }), workers }),
  });
  await bench.run(wire(4));
  assertEquals(seen, [join(bench.dir, "sub"), path, { language: "en" }, "a.txt", undefined, { depth: 2 }, {
    workers: 4,
  }]);
  assertEquals(summary(await bench.run(wire(5))), ["look cached"]);
});

Deno.test("runPipeline() makes a stage depend on the part that it takes, not on the whole", async () => {
  await using bench = new Workbench();
  const vocabulary = kind<{ size: number }>()("vocabulary");
  const base = kind<{ bits: number; vocabulary: { size: number } }>()("base", { vocabulary });
  const build = defineStage({
    name: "build",
    version: 1,
    inputs: {},
    params: z.object({ bits: z.number(), words: z.string() }),
    output: base,
    async run({ params, output }) {
      await Deno.mkdir(join(output.dir, "vocabulary"));
      await Deno.writeTextFile(join(output.dir, "vocabulary", "words.txt"), params.words);
      await Deno.writeTextFile(join(output.dir, "weights.bin"), String(params.bits));
      return { bits: params.bits, vocabulary: { size: params.words.length } };
    },
  });
  const use = defineStage({
    name: "use",
    version: 1,
    inputs: { vocabulary },
    output: text,
    async run({ inputs, output }) {
      const words = await Deno.readTextFile(join(inputs.vocabulary.dir, "words.txt"));
      assertEquals(inputs.vocabulary.files.map((file) => file.path), ["words.txt"]);
      await Deno.writeTextFile(join(output.dir, "text.txt"), words);
      return { length: inputs.vocabulary.meta.size };
    },
  });
  const wire = (bits: number, words: string) => () => ({
    used: use({ vocabulary: build({ bits, words }).vocabulary }),
  });
  await bench.run(wire(8, "abc"));
  assertEquals(summary(await bench.run(wire(4, "abc"))), ["build ran", "use cached"]);
  assertEquals(summary(await bench.run(wire(4, "abcd"))), ["build ran", "use ran"]);
  assertEquals(reasons(bench.events)[1], "use: inputs.vocabulary changed (build's vocabulary)");
});

Deno.test("runPipeline() says which input is missing, and for which stage", async () => {
  await using bench = new Workbench();
  const error = await assertRejects(
    () => bench.run(() => joinAndShout(bench.calls, [join(bench.dir, "none.txt")])),
    PipelineError,
    "none.txt (join, input sources[0]): wanted a file, found nothing there",
  );
  assert(error.userFacing);
  await assertRejects(
    () => bench.run(() => joinAndShout(bench.calls, [bench.dir])),
    PipelineError,
    "wanted a file, found a folder",
  );
});

Deno.test("runPipeline() throttles progress but always sends the last", async () => {
  await using bench = new Workbench();
  const count = defineStage({
    name: "count",
    version: 1,
    inputs: {},
    output: text,
    run({ progress, log, device }) {
      for (let done = 1; done <= 1000; done++) {
        progress({ done, total: 1000, unit: "rows", metrics: { loss: 1 / done } });
      }
      log("warn", "tired");
      device("abacus", { beads: 100 });
      return { length: 1000 };
    },
  });
  const result = await bench.run(() => ({ t: count({}) }));
  const sent = bench.events.flatMap((event) => event.type === "stage-progress" ? [event.done] : []);
  assert(sent.length >= 2 && sent.length < 20, `${sent.length} events`);
  assertEquals(sent.at(-1), 1000);
  assertEquals(bench.events.map((event) => event.type).filter((type) => type !== "stage-progress"), [
    "pipeline-start",
    "stage-start",
    "stage-log",
    "stage-device",
    "stage-end",
    "pipeline-end",
  ]);
  const manifest = JSON.parse(await Deno.readTextFile(join(result.targets.t.dir, "..", "manifest.json")));
  assertEquals(manifest.device, "abacus");
  const opened = bench.events.find((event) => event.type === "stage-device");
  assertEquals(opened, { type: "stage-device", stage: "count", device: "abacus", facts: { beads: 100 } });
});
