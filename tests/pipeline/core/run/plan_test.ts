import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { describeChange, describeReason, planPipeline } from "../../../../pipeline/core/mod.ts";
import { joinAndShout, simplePipeline, Workbench } from "../helpers.ts";

type Wiring = Parameters<typeof joinAndShout>[2];

async function plan(bench: Workbench, path: string, wiring: Wiring = {}, location?: string): Promise<string[]> {
  const pipeline = simplePipeline(() => joinAndShout(bench.calls, [path], wiring));
  const { stages } = await planPipeline(pipeline, {
    cacheDir: bench.cacheDir,
    ...(location !== undefined && { remoteCache: { location } }),
  });
  return stages.map((stage) => {
    switch (stage.status) {
      case "cached":
        return `${stage.stage} cached`;
      case "shared":
        return `${stage.stage} is in the shared cache, ${stage.bytes} bytes`;
      case "would-run":
        return `${stage.stage} would run: ${describeReason(stage.reason)}${
          stage.sharedFault === undefined ? "" : ` (${stage.sharedFault})`
        }`;
      case "waits":
        return `${stage.stage} waits for ${stage.waitsFor}: ${stage.changes.map(describeChange)}`;
      default:
        return stage satisfies never;
    }
  });
}

Deno.test("planPipeline() says what would run and why, and computes and writes nothing", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  assertEquals(await plan(bench, path), ["join would run: first run", "shout waits for join: "]);
  assertEquals(bench.calls, []);
  assertEquals([...Deno.readDirSync(bench.dir)].map(({ name }) => name), ["a.txt"]);
  await bench.run(() => joinAndShout(bench.calls, [path]));
  assertEquals(await plan(bench, path), ["join cached", "shout cached"]);
  assertEquals(await plan(bench, path, { mark: "?" }), ["join cached", 'shout would run: mark "!" -> "?"']);
  assertEquals(await plan(bench, path, { mark: "?", params: { seed: 1 } }), [
    "join would run: seed 42 -> 1",
    'shout waits for join: mark "!" -> "?"',
  ]);
});

Deno.test("planPipeline() sees damage as a run would, and leaves it where it is", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const { stages } = await bench.run(() => joinAndShout(bench.calls, [path]));
  const file = join(stages[0]?.dir ?? "", "text.txt");
  await Deno.writeTextFile(file, "???");
  const expected = "join would run: its result in the cache was damaged: " +
    "text.txt is not what was published (SHA-256 differs)";
  assertEquals((await plan(bench, path))[0], expected);
  assertEquals(await Deno.readTextFile(file), "???");
});

Deno.test("planPipeline() asks the shared cache, copies nothing, and goes on behind what it finds there", async () => {
  await using there = new Workbench();
  await using here = new Workbench();
  const location = join(there.dir, "shared");
  const run = (mark: string) =>
    there.run(() => joinAndShout(there.calls, [path], { mark }), { remoteCache: { location, write: true } });
  const path = await there.write("a.txt", "one");
  const own = await here.write("a.txt", "one");
  const { stages } = await run("!");
  const bytes = stages.map(({ dir, files }) =>
    files.reduce((sum, file) => sum + Deno.statSync(join(dir, file)).size, 0)
  );
  assertEquals(await plan(here, own, {}, location), [
    `join is in the shared cache, ${bytes[0]} bytes`,
    `shout is in the shared cache, ${bytes[1]} bytes`,
  ]);
  assertEquals(await plan(here, own, { mark: "?" }, location), [
    `join is in the shared cache, ${bytes[0]} bytes`,
    "shout would run: first run",
  ]);
  await Deno.writeTextFile(join(location, "join", stages[0]?.key ?? "", "manifest.json"), "{");
  assertEquals((await plan(here, own, {}, location))[0], "join would run: first run (manifest.json is not JSON)");
  assertEquals([...Deno.readDirSync(here.dir)].map(({ name }) => name), ["a.txt"]);
});
