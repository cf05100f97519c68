// That no stage of ours changes without a thought of its version: stage_guard.ts and the pins in stage_versions.json.
import { assertEquals, assertNotEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { comparePins, currentStages, digestGraph, readPins } from "./stage_guard.ts";

Deno.test("architecture: no stage's code changed without a new version (or a new pin)", async () => {
  assertEquals(comparePins(await readPins(), await currentStages()), []);
});

Deno.test("comparePins() tells changed code, a raised version, a new and a gone stage apart", () => {
  const pinned = {
    same: { version: 1, graph: "a" },
    edited: { version: 1, graph: "a" },
    raised: { version: 1, graph: "a" },
    gone: { version: 1, graph: "a" },
  };
  const current = {
    same: { version: 1, graph: "a" },
    edited: { version: 1, graph: "b" },
    raised: { version: 2, graph: "b" },
    fresh: { version: 1, graph: "a" },
  };
  assertEquals(comparePins(pinned, current), [
    "the code of edited changed: bump its version if its output may differ, and run `deno task pin-stages` in any case",
    "raised has version 2: run `deno task pin-stages`",
    "fresh is not pinned: run `deno task pin-stages`",
    "gone is pinned but gone: run `deno task pin-stages`",
  ]);
});

Deno.test("digestGraph() changes with a file that is imported, however far, and not with one that is not", async () => {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-test-" });
  try {
    const write = (name: string, content: string) => Deno.writeTextFile(join(folder, name), content);
    await write("stage.ts", 'export { a } from "./a.ts";');
    await write("a.ts", 'import text from "./op.wgsl" with { type: "text" };\nexport const a = text;');
    await write("op.wgsl", "fn main() {}");
    await write("other.ts", "export {};");
    const url = toFileUrl(join(folder, "stage.ts")).href;
    const before = await digestGraph(url, folder);
    await write("other.ts", "export const b = 1;");
    assertEquals(await digestGraph(url, folder), before);
    await write("op.wgsl", "fn main() { return; }");
    assertNotEquals(await digestGraph(url, folder), before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("currentStages() finds stages in sub-folders", async () => {
  const folder = await Deno.makeTempDir({ prefix: "vicuna-test-" });
  try {
    const stage = (name: string) =>
      `export const made = Object.assign(() => {}, { spec: { name: "${name}", code: { type: "version", version: 3 } } });`;
    await Deno.mkdir(join(folder, "pipeline/stages/deep/deeper"), { recursive: true });
    await Deno.writeTextFile(join(folder, "pipeline/stages/top.ts"), stage("top"));
    await Deno.writeTextFile(join(folder, "pipeline/stages/deep/deeper/below.ts"), stage("below"));
    const found = Object.entries(await currentStages(folder)).map(([name, { version }]) => [name, version]);
    assertEquals(found, [["below", 3], ["top", 3]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
