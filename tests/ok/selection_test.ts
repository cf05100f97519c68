// Which tests `deno task ok` chooses for the files that changed (selection.ts).
import { assertEquals } from "@std/assert";
import type { Imports } from "../architecture/import_law.ts";
import { selectTests, withImporters } from "./selection.ts";

const imports: Imports = new Map([
  ["kernels/attention/rope.ts", ["kernels/attention/rope.wgsl"]],
  ["kernels/attention/rope.wgsl", []],
  ["models/training/pass.ts", ["kernels/attention/rope.ts"]],
  ["tasks/train.ts", ["models/training/pass.ts"]],
  ["tasks/lonely.ts", []],
  ["tests/harness.ts", []],
  ["tests/kernels/rope_test.ts", ["kernels/attention/rope.ts", "tests/harness.ts"]],
  ["tests/models/pass_test.ts", ["models/training/pass.ts"]],
  ["tests/tasks/train_test.ts", ["tests/harness.ts"]],
  ["tests/architecture/guard_test.ts", ["kernels/attention/rope.ts"]],
]);

Deno.test("selectTests() takes the tests that reach a changed file, the nearest first, and those of its name", () => {
  const selection = selectTests(["kernels/attention/rope.wgsl"], imports, 9);
  assertEquals(selection, {
    tests: ["tests/kernels/rope_test.ts", "tests/models/pass_test.ts"],
    leftOut: [],
    untested: [],
  });
  assertEquals(selectTests(["tasks/train.ts"], imports, 9).tests, ["tests/tasks/train_test.ts"]);
  assertEquals(selectTests(["tests/models/pass_test.ts"], imports, 9).tests, ["tests/models/pass_test.ts"]);
  assertEquals(selectTests(["tests/harness.ts"], imports, 9).tests.length, 2);
});

Deno.test("selectTests() says which tests are left out when there are too many, and which code no test belongs to", () => {
  const changed = ["kernels/attention/rope.ts", "tasks/lonely.ts", "docs/cache.md"];
  assertEquals(selectTests(changed, imports, 1), {
    tests: ["tests/kernels/rope_test.ts"],
    leftOut: ["tests/models/pass_test.ts"],
    untested: ["tasks/lonely.ts"],
  });
});

Deno.test("selectTests() gives what a test compares with to the tests of the nearest folder", () => {
  assertEquals(selectTests(["tests/models/goldens/deep/a.json"], imports, 9).tests, ["tests/models/pass_test.ts"]);
});

Deno.test("withImporters() adds the files that import the changed ones themselves, and passes over what is gone", () => {
  assertEquals(withImporters(["models/training/pass.ts", "models/gone.ts"], imports), [
    "models/training/pass.ts",
    "tasks/train.ts",
    "tests/models/pass_test.ts",
  ]);
});
