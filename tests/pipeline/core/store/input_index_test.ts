import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { InputIndex } from "../../../../pipeline/core/store/input_index.ts";
import { Workbench } from "../helpers.ts";

const SHA_OF_ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";

async function settledFile(bench: Workbench): Promise<string> {
  const path = await bench.write("a.txt", "one");
  // The index relies on no file that changed within the last 2.1 s.
  await new Promise((resolve) => setTimeout(resolve, 2_150));
  return path;
}

Deno.test("InputIndex reads a settled file once, and again when its stamp changes, even with its times set back", async () => {
  await using bench = new Workbench();
  const path = await settledFile(bench);
  const at = join(bench.dir, "inputs.json");
  const index = new InputIndex(at);
  const hashed = await index.digest(path);
  assertEquals([hashed.sha256, hashed.settled], [SHA_OF_ONE, true]);
  await index.save();
  // A digest planted in the index is believed: so the file was not read.
  const planted = (await Deno.readTextFile(at)).replaceAll(SHA_OF_ONE, "0".repeat(64));
  await Deno.writeTextFile(at, planted);
  assertEquals((await new InputIndex(at).digest(path)).sha256, "0".repeat(64));
  const { atime, mtime } = await Deno.stat(path);
  await Deno.writeTextFile(path, "two");
  await Deno.utime(path, atime ?? 0, mtime ?? 0);
  const again = new InputIndex(at);
  assert(!await again.unchanged(path, hashed));
  const read = await again.digest(path);
  assertNotEquals(read.sha256, "0".repeat(64));
  assertNotEquals(read.sha256, SHA_OF_ONE);
  assertEquals(read.settled, false);
});

Deno.test("InputIndex keeps nothing of a file that has just changed", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const index = new InputIndex(join(bench.dir, "inputs.json"));
  assertEquals((await index.digest(path)).sha256, SHA_OF_ONE);
  await index.save();
  assertEquals([...Deno.readDirSync(bench.dir)].map(({ name }) => name), ["a.txt"]);
});

Deno.test("InputIndex ignores a damaged index", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "one");
  const damaged = [
    "",
    "{",
    "[]",
    '{"format":1}',
    '{"format":2,"files":{}}',
    `{"format":1,"files":{"${path}":{"size":3}}}`,
  ];
  for (const text of damaged) {
    const at = await bench.write("inputs.json", text);
    assertEquals((await new InputIndex(at).digest(path)).sha256, SHA_OF_ONE);
  }
});
