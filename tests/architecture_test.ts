// The import law, on every file of the repository: architecture/import_law.ts.
import { assert, assertEquals } from "@std/assert";
import { findCycle, forbiddenImports, forbiddenRooms } from "./architecture/import_law.ts";
import { readImports, sourceFiles } from "./architecture/repository.ts";

Deno.test("architecture: no import breaks the import law, and there is no cycle", async () => {
  const files = sourceFiles();
  const imports = await readImports(files);
  // Guards against reading nothing: these files and this edge exist.
  for (const file of files) assert(imports.has(file), `${file} was not read`);
  assert(imports.get("pipeline/core/run/run.ts")?.includes("pipeline/core/store/store.ts"));
  assertEquals(forbiddenImports(imports), []);
  assertEquals(forbiddenRooms(imports), []);
  assertEquals(findCycle(imports), undefined);
});

Deno.test("forbiddenImports() finds each kind of forbidden edge and nothing else", () => {
  const imports = new Map([
    ["kernels/gpu/device.ts", ["kernels/errors.ts"]],
    ["models/llama.ts", ["kernels/matmul.ts", "datasets/rows.ts"]],
    ["datasets/rows.ts", ["models/llama.ts"]],
    ["pipeline/core/run/run.ts", ["pipeline/stages/merge.ts"]],
    ["pipeline/stages/train.ts", [
      "pipeline/core/mod.ts",
      "models/llama.ts",
      "kernels/gpu/device.ts",
      "kernels/matmul.ts",
    ]],
    ["pipeline/recipes/quickstart.ts", ["mod.ts", "pipeline/stages/train.ts"]],
    ["mod.ts", ["pipeline/stages/train.ts", "tasks/train.ts"]],
    ["kernels/matmul.ts", ["tests/reference.ts", "kernels/matmul.wgsl"]],
    ["tasks/train.ts", ["mod.ts", "kernels/gpu/device.ts", "deno.json", "tests/rows.ts"]],
    ["examples/own_stage.ts", ["mod.ts", "datasets/rows.ts"]],
    ["pipeline/core/record.ts", ["deno.json"]],
    ["tests/rows.ts", ["tasks/train.ts"]],
    ["strays/a.ts", []],
  ]);
  assertEquals(forbiddenImports(imports), [
    "models/llama.ts must not import datasets/rows.ts",
    "datasets/rows.ts must not import models/llama.ts",
    "pipeline/core/run/run.ts must not import pipeline/stages/merge.ts",
    "pipeline/stages/train.ts must not import kernels/matmul.ts",
    "pipeline/recipes/quickstart.ts must not import pipeline/stages/train.ts",
    "mod.ts must not import tasks/train.ts",
    "kernels/matmul.ts must not import tests/reference.ts",
    "tasks/train.ts must not import tests/rows.ts",
    "examples/own_stage.ts must not import datasets/rows.ts",
    "pipeline/core/record.ts must not import deno.json",
    "strays/a.ts lies outside the areas that the import law knows",
  ]);
});

Deno.test("forbiddenRooms() finds imports between rooms that do not know each other, and rooms that are not known", () => {
  const imports = new Map([
    ["kernels/gpu/device.ts", ["kernels/machine/adapter.ts", "kernels/gpu/tensor.ts", "kernels/product/product.ts"]],
    ["kernels/shed/op.ts", []],
    ["datasets/files/parquet.ts", ["datasets/errors.ts", "datasets/merging/merge.ts"]],
    ["tasks/train.ts", ["kernels/product/product.ts"]],
  ]);
  assertEquals(forbiddenRooms(imports), [
    "kernels/gpu/device.ts must not import kernels/product/product.ts",
    "kernels/shed/op.ts lies in a room that the import law does not know",
    "datasets/files/parquet.ts must not import datasets/merging/merge.ts",
  ]);
});

Deno.test("findCycle() names the files of a cycle, and finds none in a diamond", () => {
  const diamond: [string, string[]][] = [["a", ["b", "c"]], ["b", ["d"]], ["c", ["d"]], ["d", []]];
  assertEquals(findCycle(new Map(diamond)), undefined);
  assertEquals(findCycle(new Map([...diamond, ["d", ["e"]], ["e", ["b"]]])), ["b", "d", "e", "b"]);
  assertEquals(findCycle(new Map([["a", ["a"]]])), ["a", "a"]);
});
