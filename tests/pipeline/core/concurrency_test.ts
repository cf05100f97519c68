// Two processes on one cache, with locks and without: run.ts, lock.ts and store.ts together.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { TextLineStream } from "@std/streams";
import { Workbench } from "./helpers.ts";

interface Outcome {
  status: string;
  key: string;
  digest: string;
}

/** Starts the slow pipeline in a process of its own. */
function start(
  bench: Workbench,
  ms: number,
  lock: "locked" | "unlocked" = "locked",
  env: Record<string, string> = {},
  preload: string[] = [],
) {
  const script = fromFileUrl(new URL("./children/slow_pipeline.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...preload, script, bench.dir, String(ms), lock],
    stdout: "piped",
    env,
    cwd: env.PWD ?? Deno.cwd(),
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  return {
    child,
    /** Waits until the stage computes. */
    async started(): Promise<void> {
      assertEquals((await lines.read()).value, "started");
    },
    /** Waits for the end. */
    async outcome(): Promise<Outcome> {
      let last = "";
      for (let line = await lines.read(); !line.done; line = await lines.read()) last = line.value;
      assert((await child.status).success);
      return JSON.parse(last)[0];
    },
  };
}

async function computed(bench: Workbench): Promise<number> {
  return (await Deno.readTextFile(join(bench.dir, "computed.log"))).length;
}

Deno.test("two processes on one key: one computes, the other waits, both get the same", async () => {
  await using bench = new Workbench();
  await bench.write("input.txt", "one");
  const first = start(bench, 500);
  await first.started();
  const outcomes = await Promise.all([first.outcome(), start(bench, 500).outcome()]);
  assertEquals(outcomes.map(({ status }) => status), ["ran", "cached"]);
  assertEquals(outcomes[0].digest, outcomes[1].digest);
  assertEquals(await computed(bench), 1);
});

for (const how of ["that are told to use none", "on a file system that has none"] as const) {
  Deno.test(`two processes on one key without locks, ${how}: both compute, one publishes, both succeed with the same`, async () => {
    await using bench = new Workbench();
    await bench.write("input.txt", "one");
    const preload = ["--preload", fromFileUrl(new URL("../../faults/without_locks.ts", import.meta.url))];
    const startOne = () =>
      how === "that are told to use none" ? start(bench, 700, "unlocked") : start(bench, 700, "locked", {}, preload);
    const first = startOne();
    await first.started();
    const second = startOne();
    const outcomes = await Promise.all([first.outcome(), second.outcome()]);
    assertEquals(outcomes.map(({ status }) => status), ["ran", "ran"]);
    assertEquals(outcomes[0].digest, outcomes[1].digest);
    assertEquals(await computed(bench), 2);
    const { key } = outcomes[0];
    assertEquals([...Deno.readDirSync(join(bench.cacheDir, "store", "slow"))].map(({ name }) => name), [key]);
    assertEquals([...Deno.readDirSync(join(bench.cacheDir, "staging"))], []);
    const scratches = (await Deno.readTextFile(join(bench.dir, "scratches.log"))).trimEnd().split("\n");
    assertEquals(new Set(scratches).size, 2, "each had a scratch folder of its own");
    assertEquals([...Deno.readDirSync(join(bench.cacheDir, "scratch", "slow"))], []);
  });
}

Deno.test("a process that is killed while it computes leaves no hit and no lock, and the next run completes", async () => {
  await using bench = new Workbench();
  await bench.write("input.txt", "one");
  const killed = start(bench, 60_000);
  await killed.started();
  const waiting = start(bench, 0);
  killed.child.kill("SIGKILL");
  await killed.child.status;
  assertEquals((await waiting.outcome()).status, "ran");
  assertEquals((await start(bench, 0).outcome()).status, "cached");
  // What the killed process had staged is ignored, and lies where it can be cleared away.
  const staged = [...Deno.readDirSync(join(bench.cacheDir, "staging"))];
  assertEquals(staged.length, 1);
  assertMatch(staged[0]?.name ?? "", /^slow-/);
});

Deno.test("the key does not depend on the language, the working folder or the time zone", async () => {
  await using bench = new Workbench();
  await bench.write("input.txt", "one");
  const plain = await start(bench, 0, "locked", { LANG: "en_US.UTF-8" }).outcome();
  const env = { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", TZ: "Asia/Shanghai", PWD: bench.dir };
  const abroad = await start(bench, 0, "locked", env).outcome();
  assertEquals([plain.status, abroad.status], ["ran", "cached"]);
  assertEquals(abroad.key, plain.key);
});
