import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { defineStage, PipelineError } from "../../../../pipeline/core/mod.ts";
import {
  compareWithLock,
  LockCheck,
  LockCollector,
  LockDriftError,
  type LockedPipeline,
  type LockedStage,
  readLockFile,
  writeLockFile,
} from "../../../../pipeline/core/upkeep.ts";
import { joinAndShout, text, Workbench } from "../helpers.ts";

async function locked(bench: Workbench, path: string, mark = "!"): Promise<LockedPipeline> {
  const collector = new LockCollector();
  await bench.run(() => joinAndShout(bench.calls, [path], { mark }), {}, [collector]);
  return collector.locked({ mark });
}

Deno.test("a lock file keeps every pipeline's part, and is not written when nothing has changed", async () => {
  await using bench = new Workbench();
  const source = await bench.write("a.txt", "one");
  const path = join(bench.dir, "vicuna.lock.json");
  const first = await locked(bench, source);
  assertEquals(await writeLockFile(path, "one", first), { changed: true });
  assertEquals(await writeLockFile(path, "two", await locked(bench, source, "?")), { changed: true });
  assertEquals(await writeLockFile(path, "one", await locked(bench, source), { keep: true }), { changed: false });
  const read = await readLockFile(path);
  assertEquals(Object.keys(read), ["one", "two"]);
  assertEquals(read["one"], JSON.parse(JSON.stringify(first)));
  await Deno.writeTextFile(path, "{");
  await assertRejects(() => readLockFile(path), PipelineError, "not JSON");
  const forged = { ...first, stages: { join: { ...first.stages["join"], key: "0" } } };
  await Deno.writeTextFile(path, JSON.stringify({ format: 1, pipelines: { one: forged } }));
  await assertRejects(() => readLockFile(path), PipelineError, "what it says of one is damaged");
});

Deno.test("a locked run refuses drift before it computes, naming stage and leaf; without drift it runs", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const lock = await locked(bench, path);
  const run = (mark: string) => bench.run(() => joinAndShout(bench.calls, [path], { mark }), {}, [new LockCheck(lock)]);
  await run("!");
  const error = await assertRejects(() => run("?"), LockDriftError);
  assertEquals([error.stage, error.differences], ["shout", ['mark "!" -> "?"']]);
  assertEquals(bench.calls, []);
  await Deno.writeTextFile(path, "two");
  const changed = await assertRejects(() => run("!"), LockDriftError);
  assertEquals([changed.stage, changed.differences], ["join", ["inputs.sources[0] changed"]]);
});

const stage = (inputs: Record<string, string>, digest: string, device: string, loss: number): LockedStage => ({
  key: `${Object.values(inputs)}`,
  record: { format: 1, stage: "s", code: { version: 1 }, params: {}, inputs },
  digest,
  meta: { loss },
  device,
});

const verdicts = (before: Record<string, LockedStage>, after: Record<string, LockedStage>) => {
  const pipeline = (stages: Record<string, LockedStage>): LockedPipeline => ({ options: {}, deno: "2", stages });
  return compareWithLock(pipeline(before), pipeline(after), 0.02).map(({ verdict }) => verdict.type);
};

Deno.test("compareWithLock() wants the same bytes of the same device, close numbers of another, also downstream", () => {
  const before = { train: stage({ t: "1" }, "a", "GPU", 2), evaluate: stage({ t: "1", train: "a" }, "x", "GPU", 3) };
  assertEquals(verdicts(before, before), ["identical", "identical"]);
  const other = {
    train: stage({ t: "1" }, "b", "CPU", 2.01),
    evaluate: stage({ t: "1", train: "b" }, "y", "CPU", 3.01),
  };
  assertEquals(verdicts(before, other), ["close", "close"]);
  const far = { ...other, evaluate: stage({ t: "1", train: "b" }, "y", "CPU", 4) };
  assertEquals(verdicts(before, far), ["close", "differs"]);
  assertEquals(verdicts(before, { ...before, train: stage({ t: "1" }, "b", "GPU", 2) })[0], "differs");
  assertEquals(verdicts(before, { ...before, train: stage({ t: "2" }, "b", "CPU", 2) })[0], "drifted");
  assertEquals(verdicts(before, { train: before.train })[1], "missing");
  // A training that was continued on another device cannot be had again to the bit by one of them alone.
  const continued = { train: stage({ t: "1" }, "a", "GPU + CPU", 2) };
  assertEquals(verdicts(continued, { train: stage({ t: "1" }, "b", "GPU", 2.01) }), ["close"]);
});

Deno.test("a lock names every device that took part in a stage, also when the stage came from the cache", async () => {
  await using bench = new Workbench();
  const twice = defineStage({
    name: "twice",
    version: 1,
    inputs: {},
    output: text,
    async run({ output, device }) {
      for (const name of ["GPU", "CPU", "GPU"]) device(name);
      await Deno.writeTextFile(join(output.dir, "text.txt"), "a");
      return { length: 1 };
    },
  });
  for (const status of ["ran", "cached"]) {
    const collector = new LockCollector();
    const { stages } = await bench.run(() => ({ twice: twice({}) }), {}, [collector]);
    assertEquals(stages.map((stage) => stage.status), [status]);
    assertEquals(collector.locked({}).stages["twice"]?.device, "GPU + CPU");
  }
});
