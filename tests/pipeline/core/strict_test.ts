// The strict mode: isolation.ts and isolated_child.ts, with real processes.
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { PipelineError, runPipeline } from "../../../pipeline/core/mod.ts";
import spying from "./children/spying_pipeline.ts";
import { Workbench } from "./helpers.ts";

const module = new URL("./children/spying_pipeline.ts", import.meta.url).href;

async function prepare(bench: Workbench): Promise<void> {
  await bench.write("a.txt", "one ");
  await bench.write("folder/yes.txt", "two");
  await bench.write("folder/no.txt", "not declared");
}

async function run(bench: Workbench, given: { wants?: string; variable?: string; fault?: string }, strict = true) {
  const options = { dir: bench.dir, ...given };
  bench.events.length = 0;
  return await runPipeline(spying, {
    options,
    cacheDir: bench.cacheDir,
    ...(strict && { strict: { module, options } }),
    onEvent: (event) => bench.events.push(event),
  });
}

Deno.test("strict mode gives the same result as a run in one process, with progress, device and volatile files", async () => {
  await using bench = new Workbench();
  await prepare(bench);
  const strict = await run(bench, {});
  const { loud } = strict.targets;
  assertEquals(await Deno.readTextFile(join(loud.dir, "out.txt")), "ONE TWO");
  const [spied] = strict.stages;
  const manifest = JSON.parse(await Deno.readTextFile(join(spied!.dir, "../manifest.json")));
  assertEquals(manifest.device, "a device");
  assertEquals(manifest.files.filter((file: { volatile?: true }) => file.volatile).length, 1);
  assertEquals(bench.events.some((event) => event.type === "stage-progress" && event.unit === "files"), true);
  await Deno.remove(bench.cacheDir, { recursive: true });
  assertEquals((await run(bench, {}, false)).targets.loud.digest, loud.digest);
});

Deno.test("strict mode fails a stage that reads a file which is no input, also beside one, and names it", async () => {
  await using bench = new Workbench();
  await prepare(bench);
  const secret = await bench.write("secret.txt", "secret");
  for (const wants of [secret, join(bench.dir, "folder/no.txt")]) {
    await run(bench, { wants }, false); // without strict mode nothing stops it
    await Deno.remove(bench.cacheDir, { recursive: true });
    const error = await assertRejects(() => run(bench, { wants }), PipelineError);
    assertEquals(error.message.includes(`it wants read access to "${wants}"`), true, error.message);
    assertEquals([...Deno.readDirSync(join(bench.cacheDir, "staging"))], []);
  }
});

Deno.test("strict mode gives a stage's error with the sort of fault that it names", async () => {
  await using bench = new Workbench();
  await prepare(bench);
  const error = await assertRejects(() => run(bench, { fault: "notModel" }), PipelineError, "it refuses");
  assertEquals(error.kind, "notModel");
});

Deno.test("strict mode shows a stage the variables that it declares, whose values are in its key, and no others", async () => {
  await using bench = new Workbench();
  await prepare(bench);
  Deno.env.set("SPY_DECLARED", "first");
  Deno.env.set("SPY_OTHER", "other");
  try {
    const first = await run(bench, { variable: "SPY_DECLARED" });
    assertEquals(
      bench.events.some((event) => event.type === "stage-log" && event.message === "SPY_DECLARED=first"),
      true,
    );
    Deno.env.set("SPY_DECLARED", "second");
    const second = await run(bench, { variable: "SPY_DECLARED" });
    assertNotEquals(first.stages[0]!.key, second.stages[0]!.key);
    const started = bench.events.find((event) => event.type === "stage-start");
    assertEquals(started?.because, '$SPY_DECLARED "first" -> "second"');
    await assertRejects(() => run(bench, { variable: "SPY_OTHER" }), PipelineError, 'env access to "SPY_OTHER"');
  } finally {
    Deno.env.delete("SPY_DECLARED");
    Deno.env.delete("SPY_OTHER");
  }
});
