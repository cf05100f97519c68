import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { defineStage, type Stage, z } from "../../../pipeline/core/mod.ts";
import { readRuns, type RunRecord } from "../../../pipeline/core/upkeep.ts";
import { lines, text, Workbench } from "./helpers.ts";
import { inputFile, list, type ListInput } from "../../../pipeline/core/mod.ts";

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
});
