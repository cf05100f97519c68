// What is wrong in the cache is set aside and computed again. Places that read cached files:
//   pipeline/core/store/store.ts          manifests and files at a lookup (here)
//   pipeline/core/run/damage.ts         a stage that could not read: its inputs are looked at (here)
//   pipeline/core/records/copy_targets.ts   what is copied to the output folder (copy_targets_test.ts)
//   pipeline/stages/training/checkpoints.ts  checkpoints in scratch (tests/pipeline/stages/training/checkpoints_test.ts)
//   tasks/generation/open_generator.ts  the base of generate, chat and serve
//   pipeline/core/store/input_index.ts, history.ts, run_log.ts, models/training/product_tuning.ts  notes: one that cannot be read is none
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import type { PipelineEvent, RunOptions } from "../../../../pipeline/core/mod.ts";
import { Store } from "../../../../pipeline/core/store/store.ts";
import { joinAndShout, reasons, summary, Workbench } from "../helpers.ts";

/** Runs once, lets `damage` do its work on the entry of `join`, and runs again. */
async function runAfter(
  damage: (entry: { root: string; file: string }, bench: Workbench) => Promise<void>,
  options: RunOptions = {},
): Promise<{ statuses: string[]; reasons: string[]; quarantined: number; text: string }> {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const first = await bench.run(() => joinAndShout(bench.calls, [path]));
  const joined = first.stages[0];
  assert(joined !== undefined);
  await damage({ root: join(joined.dir, ".."), file: join(joined.dir, "text.txt") }, bench);
  const second = await bench.run(() => joinAndShout(bench.calls, [path]), options);
  const quarantine = join(bench.cacheDir, "quarantine");
  const quarantined = await Deno.stat(quarantine).then(() => [...Deno.readDirSync(quarantine)].length, () => 0);
  const text = await Deno.readTextFile(join(second.targets.loud.dir, "text.txt"));
  return { statuses: summary(second), reasons: reasons(bench.events), quarantined, text };
}

async function overwrite(path: string, bytes: Uint8Array): Promise<void> {
  const { atime, mtime } = await Deno.stat(path);
  await Deno.writeFile(path, bytes);
  await Deno.utime(path, atime ?? 0, mtime ?? 0);
}

const DAMAGES: Record<string, { damage: (entry: { root: string; file: string }) => Promise<void>; says: RegExp }> = {
  "a flipped bit in a file, time kept": {
    damage: async ({ file }) => {
      const bytes = await Deno.readFile(file);
      bytes[1]! ^= 1;
      await overwrite(file, bytes);
    },
    says: /damaged: text\.txt is not what was published/,
  },
  "a file of zeros": {
    damage: async ({ file }) => await overwrite(file, new Uint8Array(3)),
    says: /damaged: text\.txt is not what was published/,
  },
  "a truncated file": {
    damage: async ({ file }) => await overwrite(file, new Uint8Array(0)),
    says: /damaged: text\.txt has 0 bytes, was published with 3/,
  },
  "a deleted file": {
    damage: async ({ file }) => await Deno.remove(file),
    says: /damaged: text\.txt is missing/,
  },
  "a deleted volatile file": {
    damage: async ({ root }) => await Deno.remove(join(root, "output", "timing.txt")),
    says: /damaged: timing\.txt is missing/,
  },
  "a deleted manifest": {
    damage: async ({ root }) => await Deno.remove(join(root, "manifest.json")),
    says: /damaged: manifest\.json is missing/,
  },
  "a torn manifest": {
    damage: async ({ root }) => await Deno.truncate(join(root, "manifest.json"), 100),
    says: /damaged: manifest\.json is not JSON/,
  },
  "a manifest with another digest": {
    damage: async ({ root }) => {
      const path = join(root, "manifest.json");
      const manifest = JSON.parse(await Deno.readTextFile(path));
      manifest.meta.length = 4;
      await Deno.writeTextFile(path, JSON.stringify(manifest));
    },
    says: /damaged: manifest\.json contradicts itself/,
  },
  "a manifest with a path that leads outside": {
    damage: async ({ root }) => {
      const path = join(root, "manifest.json");
      const manifest = JSON.parse(await Deno.readTextFile(path));
      manifest.files[0].path = "../../../a.txt";
      await Deno.writeTextFile(path, JSON.stringify(manifest));
    },
    says: /damaged: manifest\.json has another layout/,
  },
};

/** What cannot be read at all: a bad spot of the disk, or something else where a file should be. */
Object.assign(
  DAMAGES,
  {
    "a folder where a file should be": {
      damage: async ({ file }) => {
        await Deno.remove(file);
        await Deno.mkdir(file);
      },
      says: /damaged: text\.txt is no plain file/,
    },
    "a folder where the manifest should be": {
      damage: async ({ root }) => {
        await Deno.remove(join(root, "manifest.json"));
        await Deno.mkdir(join(root, "manifest.json"));
      },
      says: /damaged: manifest\.json cannot be read: Is a directory/,
    },
    "a file on a bad spot of the disk": {
      damage: ({ file }) => Promise.resolve(failReading("open", file, 2)),
      says: /damaged: text\.txt cannot be read: Input\/output error \(os error 5\)/,
    },
    "a manifest on a bad spot of the disk": {
      damage: ({ root }) => Promise.resolve(failReading("readTextFile", join(root, "manifest.json"), 2)),
      says: /damaged: manifest\.json cannot be read: Input\/output error \(os error 5\)/,
    },
  } satisfies typeof DAMAGES,
);

/** Makes the next readings of a file fail as a bad disk does (a lookup comes twice); `then` is done after them. */
function failReading(name: "open" | "readTextFile", bad: string, times: number, then: () => void = () => {}): void {
  const real = Deno[name] as (...args: unknown[]) => Promise<unknown>;
  let left = times;
  const failing = (path: unknown, ...rest: unknown[]): Promise<unknown> => {
    if (String(path) !== bad) return real(path, ...rest);
    if (--left === 0) {
      Object.assign(Deno, { [name]: real });
      then();
    }
    return Promise.reject(new Error("Input/output error (os error 5)"));
  };
  Object.assign(Deno, { [name]: failing });
}

for (const [name, { damage, says }] of Object.entries(DAMAGES)) {
  Deno.test(`the store finds ${name}, sets the entry aside and recomputes it`, async () => {
    const after = await runAfter(damage);
    assertEquals(after.statuses, ["join ran", "shout cached"]);
    assertMatch(after.reasons[0] ?? "", says);
    assertEquals(after.quarantined, 1);
    assertEquals(after.text, "ONE!");
  });
}

Deno.test("the store misses a deleted entry, and the whole deleted cache", async () => {
  const entry = await runAfter(async ({ root }) => await Deno.remove(root, { recursive: true }));
  assertEquals(entry.statuses, ["join ran", "shout cached"]);
  assertEquals(entry.reasons, ["join: its result is no longer in the cache"]);
  assertEquals(entry.quarantined, 0);
  const cache = await runAfter(async (_, bench) => await Deno.remove(bench.cacheDir, { recursive: true }));
  assertEquals(cache.statuses, ["join ran", "shout ran"]);
  assertEquals(cache.reasons, ["join: first run", "shout: first run"]);
});

Deno.test("trustCache does not read files again, but notices a missing one", async () => {
  const flipped = await runAfter(({ file }) => overwrite(file, new Uint8Array(3)), { trustCache: true });
  assertEquals(flipped.statuses, ["join cached", "shout cached"]);
  const deleted = await runAfter(({ file }) => Deno.remove(file), { trustCache: true });
  assertEquals(deleted.statuses, ["join ran", "shout cached"]);
});

Deno.test("publish() takes the result of another process that was first", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const result = await bench.run(() => joinAndShout(bench.calls, [path]));
  const joined = result.stages[0];
  assert(joined !== undefined);
  const manifest = JSON.parse(await Deno.readTextFile(join(joined.dir, "..", "manifest.json")));
  const store = new Store(bench.cacheDir);
  const staging = await store.stage("join", "0".repeat(64));
  await Deno.writeTextFile(join(staging.dir, "text.txt"), "late");
  const entry = await store.publish(staging, { ...manifest, device: "late" });
  assertEquals(entry.manifest.device, undefined);
  assertEquals(await Deno.readTextFile(join(entry.dir, "text.txt")), "one");
  assertEquals([...Deno.readDirSync(join(bench.cacheDir, "staging"))], []);
});

Deno.test("publish() replaces a torn entry that is in its way", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const result = await bench.run(() => joinAndShout(bench.calls, [path]));
  const joined = result.stages[0];
  assert(joined !== undefined);
  const manifest = JSON.parse(await Deno.readTextFile(join(joined.dir, "..", "manifest.json")));
  const store = new Store(bench.cacheDir);
  await Deno.writeTextFile(join(joined.dir, "text.txt"), "???");
  const staging = await store.stage("join", "0".repeat(64));
  await Deno.writeTextFile(join(staging.dir, "text.txt"), "one");
  const entry = await store.publish(staging, manifest);
  assertEquals(await Deno.readTextFile(join(entry.dir, "text.txt")), "one");
  assertEquals((await store.lookup("join", joined.key, { verify: false })).state, "damaged");
});

Deno.test("a damaged entry is set aside even if recomputing it fails, so that trustCache cannot take it later", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const joined = (await bench.run(() => joinAndShout(bench.calls, [path]))).stages[0];
  assert(joined !== undefined);
  await Deno.writeTextFile(join(joined.dir, "text.txt"), "???");
  const stop = new AbortController();
  const onEvent = ({ type }: PipelineEvent) => type === "stage-start" ? stop.abort(new Error("stopped")) : undefined;
  await assertRejects(() => bench.run(() => joinAndShout(bench.calls, [path]), { signal: stop.signal, onEvent }));
  const trusting = await bench.run(() => joinAndShout(bench.calls, [path]), { trustCache: true });
  assertEquals(summary(trusting), ["join ran", "shout cached"]);
});

Deno.test("a stage that cannot read an input has it computed again, and runs anew", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const first = await bench.run(() => joinAndShout(bench.calls, [path]));
  const joined = first.stages.find(({ stage }) => stage === "join")!;
  await Deno.remove(first.targets.loud.dir.replace(/\/output$/, ""), { recursive: true });
  // The lookup finds nothing wrong; then the disk fails, under the stage and when its inputs are looked at.
  const bad = join(joined.dir, "text.txt");
  failReading("readTextFile", bad, 1, () => failReading("open", bad, 1));
  const second = await bench.run(() => joinAndShout(bench.calls, [path]));
  assertEquals(summary(second), ["join ran", "shout ran"]);
  assertEquals(await Deno.readTextFile(join(second.targets.loud.dir, "text.txt")), "ONE!");
});
