// Folders as inputs: inputFolder() of inputs.ts.
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { defineStage, inputFolder, kind, PipelineError } from "../../../pipeline/core/mod.ts";
import { reasons, summary, text, Workbench } from "./helpers.ts";

const model = kind<{ name: string }>()("model");

const measure = defineStage({
  name: "measure",
  version: 1,
  inputs: { model },
  output: text,
  run: ({ inputs }) => ({ length: inputs.model.files.reduce((sum, { size }) => sum + size, 0) }),
});

function wire(bench: Workbench, name = "llama") {
  const include = (path: string) => path.endsWith(".bin");
  return () => ({ t: measure({ model: inputFolder(model, join(bench.dir, name), { include, meta: { name: "m" } }) }) });
}

Deno.test("inputFolder() counts the included files by name and content, also in sub-folders and behind links", async () => {
  await using bench = new Workbench();
  await bench.write("llama/a.bin", "aa");
  await bench.write("llama/readme.md", "v1");
  await bench.write("blobs/b", "bbb");
  await Deno.mkdir(join(bench.dir, "llama/sub"));
  await Deno.symlink(join(bench.dir, "blobs/b"), join(bench.dir, "llama/sub/b.bin"));
  await Deno.symlink(join(bench.dir, "llama"), join(bench.dir, "llama/sub/circle"));
  const first = await bench.run(wire(bench));
  assertEquals(first.targets.t.meta, { length: 5 });
  await bench.write("llama/readme.md", "v2");
  assertEquals(summary(await bench.run(wire(bench))), ["measure cached"]);
  await bench.write("blobs/b", "bbbb");
  assertEquals(summary(await bench.run(wire(bench))), ["measure ran"]);
  assertEquals(reasons(bench.events), ["measure: inputs.model changed (llama)"]);
  await Deno.rename(join(bench.dir, "llama"), join(bench.dir, "moved"));
  assertEquals(summary(await bench.run(wire(bench, "moved"))), ["measure cached"]);
  await Deno.rename(join(bench.dir, "moved/a.bin"), join(bench.dir, "moved/c.bin"));
  assertEquals(summary(await bench.run(wire(bench, "moved"))), ["measure ran"]);
});

Deno.test("inputFolder() refuses a folder that has none of the files wanted, or is none", async () => {
  await using bench = new Workbench();
  await bench.write("llama/readme.md", "v1");
  await assertRejects(() => bench.run(wire(bench)), PipelineError, "the folder has none of the files wanted");
  await assertRejects(() => bench.run(wire(bench, "llama/readme.md")), PipelineError, "wanted a folder, found a file");
  await Deno.symlink(join(bench.dir, "gone"), join(bench.dir, "llama/a.bin"));
  await assertRejects(() => bench.run(wire(bench)), PipelineError, "a.bin (measure, input model): wanted a file");
  await assertRejects(() => bench.run(wire(bench, "none")), PipelineError, "wanted a folder, found nothing there");
});
