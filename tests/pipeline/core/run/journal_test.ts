import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { defineStage, PipelineOptionsError, type Stage, z } from "../../../../pipeline/core/mod.ts";
import { readRuns, type RunRecord, standingOf } from "../../../../pipeline/core/upkeep.ts";
import { lines, text, Workbench } from "../helpers.ts";
import { inputFile, list, type ListInput } from "../../../../pipeline/core/mod.ts";

/** A stage that tells its progress, then does as it is told by the test. */
function slowStage(
  then: (output: string) => Promise<void>,
): Stage<{ sources: ListInput<typeof lines> }, Record<never, never>, typeof text> {
  return defineStage({
    name: "slow",
    version: 1,
    inputs: { sources: list(lines) },
    params: z.object({}),
    output: text,
    async run({ output, progress }) {
      progress({ done: 3, total: 8, unit: "steps", metrics: { loss: 1.5 } });
      await then(output.dir);
      await Deno.writeTextFile(join(output.dir, "text.txt"), "slow");
      return { length: 4 };
    },
  });
}

async function soon(what: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200 && !await what(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
}

Deno.test("a run can be followed from outside: planned stages, the one at work, its progress, where its result grows", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  let seen: RunRecord | undefined;
  let folder = "";
  await bench.run(() => {
    const slow = slowStage(async (dir) => {
      await soon(async () => (seen = (await readRuns(bench.cacheDir))[0])?.current?.progress !== undefined);
      folder = dir;
    });
    return { slow: slow({ sources: [inputFile(lines, path, { language: "en" })] }) };
  });
  assertEquals(seen?.status, "running");
  assertEquals(seen?.planned, ["slow"]);
  const { stage, key, because, reason, progress } = seen!.current!;
  assertEquals({ stage, because, reason, progress }, {
    stage: "slow",
    because: "first run",
    reason: { type: "first" },
    progress: { done: 3, total: 8, unit: "steps", metrics: { loss: 1.5 } },
  });
  assert(folder.includes(join("staging", `slow-${key}-`)), folder);
  const [ended] = await readRuns(bench.cacheDir);
  assertEquals(ended?.status, "done");
  assertEquals(ended?.current, undefined);
  assertEquals(ended?.stages.map((each) => [each.key, each.reason]), [[key, { type: "first" }]]);
  assert(Date.parse(ended!.seenAt!) >= Date.parse(seen!.seenAt!));
});

Deno.test("a run that failed keeps the stage at which it did", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const slow = slowStage(() => Promise.reject(new Error("too hot")));
  await assertRejects(
    () => bench.run(() => ({ slow: slow({ sources: [inputFile(lines, path, { language: "en" })] }) })),
    Error,
    "too hot",
  );
  const [run] = await readRuns(bench.cacheDir);
  assertEquals(run?.status, "failed");
  assertEquals(run?.current?.stage, "slow");
  assertEquals(run?.stages, []);
  assertEquals(run?.failure, { stage: "slow", message: "too hot" });
});

Deno.test("a run that fails before its stage begins, or after its last, keeps why; a long message is shortened", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const slow = slowStage(() => Promise.resolve());
  const build = () => ({ slow: slow({ sources: [inputFile(lines, path, { language: "en" })] }) });
  const failed = async (options: Parameters<typeof bench.run>[1]) => {
    const { message } = await assertRejects(() => bench.run(build, options), Error);
    const [run] = await readRuns(bench.cacheDir);
    assertEquals([run?.status, run?.current], ["failed", undefined]);
    return { message, failure: run?.failure };
  };
  const late = await failed({ use: () => Promise.reject(new Error("x".repeat(9000))) });
  assertEquals(late.failure, { message: `${"x".repeat(500)} …` });
  await Deno.remove(path);
  const early = await failed({});
  assertEquals(early.failure, { stage: "slow", message: early.message });
});

Deno.test("a run that fails before its stages are known is in the history: options that do not fit, a build that throws", async () => {
  await using bench = new Workbench();
  const build = () => {
    throw new Error("no such wire");
  };
  const refused = () =>
    assertRejects(() => bench.run(build, { options: { rate: 1 } }), PipelineOptionsError, "unknown option");
  await refused();
  assertEquals([...Deno.readDirSync(bench.dir)], [], "no cache is made for it");
  await Deno.mkdir(bench.cacheDir);
  await refused();
  await assertRejects(() => bench.run(build), Error, "no such wire");
  // Both may have begun in the same millisecond.
  const runs = await readRuns(bench.cacheDir);
  const [given, built] = [1, undefined].map((rate) => runs.find(({ options }) => options["rate"] === rate));
  assertEquals([built?.pipeline, built?.status, built?.failure, built?.stages], ["test", "failed", {
    message: "no such wire",
  }, []]);
  assertEquals([given?.status, given?.options], ["failed", { rate: 1 }]);
  assert(given?.failure?.message.includes("rate: unknown option"), given?.failure?.message);
  assertEquals([given?.endedAt === undefined, runs.map(standingOf)], [false, ["failed", "failed"]]);
});

Deno.test("a run that is asked to stop says so at once, since it may be ended before it has stopped", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const controller = new AbortController();
  let asked: RunRecord | undefined;
  const slow = slowStage(async () => {
    controller.abort(new Error("stopped by the user"));
    await soon(async () => (asked = (await readRuns(bench.cacheDir))[0])?.failure !== undefined);
    controller.signal.throwIfAborted();
  });
  const build = () => ({ slow: slow({ sources: [inputFile(lines, path, { language: "en" })] }) });
  await assertRejects(() => bench.run(build, { signal: controller.signal }), Error, "stopped by the user");
  const failure = { stage: "slow", message: "stopped by the user" };
  assertEquals([asked?.status, asked?.failure], ["running", failure]);
  const [run] = await readRuns(bench.cacheDir);
  assertEquals([run?.status, run?.failure, run?.current?.stage], ["stopped", failure, "slow"]);

  const long = new Date(Date.now() - 300_000).toISOString();
  assertEquals(standingOf(asked!), "running");
  assertEquals(standingOf({ ...asked!, seenAt: long }), "stopped");
  assertEquals(standingOf({ status: "running", seenAt: long }), "silent");
});
