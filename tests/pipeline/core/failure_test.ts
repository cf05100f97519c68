// Stages that fail or are stopped: stage_run.ts, store.ts and scratch.ts together.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { defineStage, inputFile, PipelineError } from "../../../pipeline/core/mod.ts";
import { lines, summary, text, Workbench } from "./helpers.ts";

type Behaviour = (context: { dir: string; scratch: string; signal: AbortSignal }) => Promise<{ length: number }>;

/** A stage whose behaviour the test decides; its key does not depend on it. */
function puppet(behaviour: Behaviour) {
  return defineStage({
    name: "puppet",
    version: 1,
    inputs: { source: lines },
    output: text,
    run: ({ output, scratch, signal }) => behaviour({ dir: output.dir, scratch, signal }),
  });
}

async function entries(bench: Workbench, folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(join(bench.cacheDir, folder))) found.push(name);
  } catch (error) {
    assert(error instanceof Deno.errors.NotFound);
  }
  return found;
}

async function runPuppet(bench: Workbench, path: string, behaviour: Behaviour, signal?: AbortSignal) {
  return await bench.run(
    () => ({ t: puppet(behaviour)({ source: inputFile(lines, path, { language: "zh" }) }) }),
    signal === undefined ? {} : { signal },
  );
}

const succeed: Behaviour = async ({ dir }) => {
  await Deno.writeTextFile(join(dir, "text.txt"), "good");
  return { length: 4 };
};

async function expectNothingPublished(bench: Workbench): Promise<void> {
  assertEquals(await entries(bench, "store/puppet"), []);
  assertEquals(await entries(bench, "staging"), []);
}

Deno.test("a stage that fails publishes nothing, and the next run starts clean", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const fail: Behaviour = async ({ dir }) => {
    await Deno.writeTextFile(join(dir, "text.txt"), "half");
    throw new Error("boom");
  };
  await assertRejects(() => runPuppet(bench, path, fail), Error, "boom");
  assertEquals(bench.events.at(-1), { type: "stage-failed", stage: "puppet", message: "boom", stopped: false });
  await expectNothingPublished(bench);
  const result = await runPuppet(bench, path, succeed);
  assertEquals(summary(result), ["puppet ran"]);
  assertEquals(await Deno.readTextFile(join(result.targets.t.dir, "text.txt")), "good");
});

Deno.test("scratch survives a failure of the same key and is gone once the result is published", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const failLate: Behaviour = async ({ scratch }) => {
    await Deno.writeTextFile(join(scratch, "checkpoint"), "step 3");
    throw new Error("power cut");
  };
  await assertRejects(() => runPuppet(bench, path, failLate), Error, "power cut");
  const goOn: Behaviour = async ({ scratch, dir }) => {
    assertEquals(await Deno.readTextFile(join(scratch, "checkpoint")), "step 3");
    await Deno.writeTextFile(join(dir, "text.txt"), "good");
    return { length: 4 };
  };
  await runPuppet(bench, path, goOn);
  assertEquals(await entries(bench, "scratch/puppet"), []);
});

Deno.test("a stopped run publishes nothing, even if the stage pays no heed", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const controller = new AbortController();
  const heedless: Behaviour = (context) => {
    controller.abort(new Error("stopped by the user"));
    return succeed(context);
  };
  await assertRejects(() => runPuppet(bench, path, heedless, controller.signal), Error, "stopped by the user");
  const last = bench.events.at(-1);
  assert(last?.type === "stage-failed" && last.stopped);
  await expectNothingPublished(bench);
});

Deno.test("a stage whose meta is not finite publishes nothing", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  for (const length of [NaN, Infinity, -Infinity]) {
    const error = await assertRejects(
      () => runPuppet(bench, path, async (context) => ({ ...await succeed(context), length })),
      PipelineError,
      "meta.length must be plain JSON with finite numbers",
    );
    assert(error.message.includes(String(length)));
  }
  await expectNothingPublished(bench);
});

Deno.test("a stage that leaves a link publishes nothing", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const link: Behaviour = async ({ dir }) => {
    await Deno.symlink(path, join(dir, "link"));
    return { length: 0 };
  };
  await assertRejects(() => runPuppet(bench, path, link), PipelineError, "found a link");
  await expectNothingPublished(bench);
});

Deno.test("an input that is edited while a stage runs is found out: same size, times set back", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const before = await Deno.stat(path);
  const edit: Behaviour = async (context) => {
    await Deno.writeTextFile(path, "two");
    await Deno.utime(path, before.atime ?? 0, before.mtime ?? 0);
    return await succeed(context);
  };
  await assertRejects(() => runPuppet(bench, path, edit), PipelineError, "a.txt was edited while the pipeline ran");
  await expectNothingPublished(bench);
  // Touched alone is not edited.
  const touch: Behaviour = async (context) => {
    await Deno.utime(path, 5, 5);
    return await succeed(context);
  };
  assertEquals(summary(await runPuppet(bench, path, touch)), ["puppet ran"]);
});

Deno.test("a full disk is one clear error, and nothing is published", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const full: Behaviour = () => Promise.reject(new Error("No space left on device (os error 28)"));
  await assertRejects(() => runPuppet(bench, path, full), PipelineError, "running puppet: the disk is full");
  const named = await assertRejects(() => runPuppet(bench, path, full), PipelineError);
  assertMatch(named.message, /It had written \d+ bytes and needs more. Free space \(\d+ bytes are free now\)/);
  await expectNothingPublished(bench);
});
