import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { cleanUp, listCache, listLeavings, readRuns, removeEntry, writeRun } from "../../../../pipeline/core/upkeep.ts";
import { Lease, leasedNames, passGate } from "../../../../pipeline/core/store/leases.ts";
import { joinAndShout, Workbench } from "../helpers.ts";

/** Three runs with marks !, ? and ., so that `join` has one entry and `shout` three. */
async function threeRuns(bench: Workbench): Promise<void> {
  const path = await bench.write("a.txt", "one");
  for (const mark of ["!", "?", "."]) {
    await bench.run(() => joinAndShout(bench.calls, [path], { mark }));
    await new Promise((resolve) => setTimeout(resolve, 3)); // ids of runs count milliseconds
  }
}

const marks = async (bench: Workbench) =>
  (await listCache(bench.cacheDir)).map(({ manifest: { stage, record } }) => `${stage}${record.params.mark ?? ""}`);

/** A staging folder's name as the store makes it. */
const stagingName = (stage: string) => `${stage}-${"0".repeat(64)}-${crypto.randomUUID()}`;

Deno.test("listCache() gives every entry with its size, the latest used first; a run keeps its history", async () => {
  await using bench = new Workbench();
  await threeRuns(bench);
  assertEquals((await marks(bench)).sort(), ["join", "shout!", "shout.", "shout?"]);
  const entries = await listCache(bench.cacheDir);
  assert(entries.every(({ bytes }) => bytes > 0));
  assertEquals((await marks(bench)).at(-1), "shout!");
  const runs = await readRuns(bench.cacheDir);
  assertEquals(runs.map(({ status, pipeline }) => `${pipeline} ${status}`), ["test done", "test done", "test done"]);
  assertEquals(runs[0]!.stages.map(({ stage, status }) => `${stage} ${status}`), ["join cached", "shout ran"]);
  assertEquals(runs[0]!.stages[1]!.because, 'mark "?" -> "."');
});

Deno.test("cleanUp() keeps the newest runs and pinned ones, and with dryRun takes nothing away", async () => {
  await using bench = new Workbench();
  await threeRuns(bench);
  const [, , oldest] = await readRuns(bench.cacheDir);
  await writeRun(bench.cacheDir, { ...oldest!, pinned: true });
  const wouldGo = await cleanUp(bench.cacheDir, { type: "runs", count: 1 }, true);
  assertEquals(wouldGo.entries.map(({ manifest }) => manifest.record.params.mark), ["?"]);
  assertEquals((await marks(bench)).length, 4);
  const gone = await cleanUp(bench.cacheDir, { type: "runs", count: 1 }, false);
  assertEquals(gone.bytes, wouldGo.bytes);
  assertEquals((await marks(bench)).sort(), ["join", "shout!", "shout."]);
  await cleanUp(bench.cacheDir, { type: "size", bytes: 0 }, false);
  assertEquals((await marks(bench)).sort(), ["join", "shout!"], "pinned entries stay");
  assertEquals(await listLeavings(bench.cacheDir), []);
});

Deno.test("a run that came to nothing takes no other's place among the newest", async () => {
  await using bench = new Workbench();
  await threeRuns(bench);
  const [newest] = await readRuns(bench.cacheDir);
  const failed = { ...newest!, id: "29991231-000000000-ffff", status: "failed", stages: [] } as const;
  await writeRun(bench.cacheDir, failed);
  await cleanUp(bench.cacheDir, { type: "runs", count: 1 }, false);
  assertEquals((await marks(bench)).sort(), ["join", "shout."]);
});

Deno.test("cleanUp() leaves what a running process uses, and takes orphaned staging and old scratch away", async () => {
  await using bench = new Workbench();
  await threeRuns(bench);
  const key = (await listCache(bench.cacheDir)).find(({ manifest }) => manifest.stage === "join")!.manifest.key;
  const [dead, live] = [stagingName("join"), stagingName("join")];
  const scratch = `scratch/join/${"0123".repeat(16)}`;
  await bench.write(`cache/staging/${dead}/output/half.txt`, "half");
  await bench.write(`cache/staging/${live}/output/half.txt`, "half");
  await bench.write(`cache/${scratch}/old.txt`, "old");
  await Deno.utime(join(bench.cacheDir, scratch), 0, 0);
  {
    using lease = await Lease.open(bench.cacheDir);
    await lease.use(key, () => Promise.resolve());
    await lease.use(`staging/${live}`, () => Promise.resolve());
    const { inUse, leavings } = await cleanUp(bench.cacheDir, { type: "runs", count: 0 }, false);
    assertEquals(inUse, 1);
    assertEquals(leavings.map(({ kind, name }) => `${kind}/${name}`).sort(), [
      scratch,
      `staging/${dead}`,
    ]);
    assertEquals(await marks(bench), ["join"]);
    assertEquals(await removeEntry(bench.cacheDir, (await listCache(bench.cacheDir))[0]!.manifest, false), false);
  }
  await cleanUp(bench.cacheDir, { type: "runs", count: 0 }, false);
  assertEquals(await marks(bench), []);
});

Deno.test("cleanUp() of a folder that holds other things too takes nothing but what a cache has named", async () => {
  await using bench = new Workbench();
  const own = [
    "staging/src/main.ts",
    "scratch/notes/idea.txt",
    "trash/letter.txt",
    "quarantine/x/y",
    "leases/rent.txt",
  ];
  for (const path of own) await bench.write(`cache/${path}`, "mine");
  await cleanUp(bench.cacheDir, { type: "runs", count: 0 }, false);
  for (const path of own) assertEquals(await Deno.readTextFile(join(bench.cacheDir, path)), "mine");
});

Deno.test("a lease that vanishes while leases are read does not hide the others", async () => {
  await using bench = new Workbench();
  using lease = await Lease.open(bench.cacheDir);
  await lease.use("key", () => Promise.resolve());
  // A name that is listed but not there when it is opened, as if its process had just ended.
  for (let i = 0; i < 20; i++) await Deno.symlink("nowhere", join(bench.cacheDir, "leases", crypto.randomUUID()));
  assertEquals([...await leasedNames(bench.cacheDir)], ["key"]);
});

Deno.test("a lease whose process was killed holds nothing", async () => {
  await using bench = new Workbench();
  const script = `
    import { Lease } from ${JSON.stringify(new URL("../../../../pipeline/core/store/leases.ts", import.meta.url).href)};
    const lease = await Lease.open(Deno.args[0]);
    await lease.use("abc", () => Promise.resolve());
    console.log("leased");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  `;
  const path = await bench.write("lease.ts", script);
  const config = new URL("../../../../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", config, path, bench.cacheDir],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  assertEquals([...await leasedNames(bench.cacheDir)], ["abc"]);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  assertEquals([...await leasedNames(bench.cacheDir)], []);
  assertEquals([...Deno.readDirSync(join(bench.cacheDir, "leases"))], []);
});

Deno.test("while a clean-up decides nobody begins to use a result, and while somebody looks one up no clean-up decides", async () => {
  await using bench = new Workbench();
  using lease = await Lease.open(bench.cacheDir);
  const order: string[] = [];
  const cleaner = await passGate(bench.cacheDir, "cleaner");
  const use = lease.use("key", () => Promise.resolve(order.push("used")));
  await new Promise((resolve) => setTimeout(resolve, 60));
  order.push("cleaned");
  cleaner[Symbol.dispose]();
  await use;
  assertEquals(order, ["cleaned", "used"]);
  let cleaning: Promise<void> | undefined;
  await lease.use("other", async () => {
    cleaning = passGate(bench.cacheDir, "cleaner").then((gate) => {
      order.push("cleaned again");
      gate[Symbol.dispose]();
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    order.push("looked up");
  });
  await cleaning;
  assertEquals(order, ["cleaned", "used", "looked up", "cleaned again"]);
});

Deno.test("a clean-up racing runs never makes them fail: they hit, or compute again", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  let cleaning = true;
  const clean = async () => {
    while (cleaning) await cleanUp(bench.cacheDir, { type: "runs", count: 0 }, false);
  };
  const cleaner = Promise.all([clean(), clean()]);
  try {
    for (let i = 0; i < 20; i++) {
      const { targets } = await bench.run(() => joinAndShout(bench.calls, [path], { mark: "!" }));
      assertEquals(targets.loud.meta.length, 4);
    }
  } finally {
    cleaning = false;
    await cleaner;
  }
});

Deno.test("cleanUp() leaves a run's results alone until what uses them has ended", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const nothing = { type: "runs", count: 0 } as const;
  let copied = "";
  await bench.run(() => joinAndShout(bench.calls, [path]), {
    use: async ({ targets }) => {
      const { inUse, entries } = await cleanUp(bench.cacheDir, nothing, false);
      assertEquals([inUse, entries.length], [2, 0]);
      copied = await Deno.readTextFile(join(targets["loud"]!.dir, "text.txt"));
    },
  });
  assertEquals(copied, "ONE!");
  assertEquals((await cleanUp(bench.cacheDir, nothing, false)).entries.length, 2);
});
