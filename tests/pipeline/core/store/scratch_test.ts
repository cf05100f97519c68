import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { lockedScratch, unlockedScratch } from "../../../../pipeline/core/store/scratch.ts";
import { Workbench } from "../helpers.ts";

const note = (dir: string) => Deno.readTextFile(join(dir, "checkpoint")).catch(() => "none");

Deno.test("unlockedScratch() gives a folder to one process alone, and what a run gave back to the next", async () => {
  await using bench = new Workbench();
  const path = join(bench.dir, "scratch", "key");
  const first = await unlockedScratch(path);
  await Deno.writeTextFile(join(first.dir, "checkpoint"), "step 5");
  const second = await unlockedScratch(path);
  assertNotEquals(second.dir, first.dir);
  assertEquals(await note(second.dir), "none");
  await first.release();
  const third = await unlockedScratch(path);
  assertEquals(await note(third.dir), "step 5");
  for (const scratch of [second, third]) await scratch.remove();
  for (const scratch of [second, third]) await scratch.release(); // comes after removal, too, when a result is published
  assertEquals([...Deno.readDirSync(join(bench.dir, "scratch"))], []);
});

Deno.test("unlockedScratch() takes over what a killed process left, once it has been silent for a minute", async () => {
  await using bench = new Workbench();
  const path = join(bench.dir, "key");
  const dead = `${path}.dead`;
  await Deno.mkdir(dead);
  await Deno.writeTextFile(join(dead, "checkpoint"), "step 7");
  const ago = (seconds: number) => Deno.utime(dead, new Date(), new Date(Date.now() - seconds * 1000));
  await ago(50);
  const other = await unlockedScratch(path);
  assertEquals(await note(other.dir), "none");
  await ago(70);
  const heirs = await Promise.all([unlockedScratch(path), unlockedScratch(path), unlockedScratch(path)]);
  const found = await Promise.all(heirs.map(({ dir }) => note(dir)));
  assertEquals(found.filter((text) => text === "step 7").length, 1, "one heir alone");
  for (const scratch of [other, ...heirs]) await scratch.remove();
});

Deno.test("lockedScratch() never takes what a process without locks may be using", async () => {
  await using bench = new Workbench();
  const path = join(bench.dir, "key");
  const unlocked = await unlockedScratch(path);
  const locked = await lockedScratch(path);
  assertNotEquals(locked.dir, unlocked.dir);
  await locked.release();
  assert((await Deno.stat(locked.dir)).isDirectory);
  await locked.remove();
  await unlocked.remove();
});
