// The comparisons with other programs answer --help and end their children; what they measure is not tested.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { endedWithChildren, repository, runDeno } from "../tasks/children.ts";

const script = (name: string) => join(repository, "tests/peers", name);

for (const [name, file] of [["peers", "compare.ts"], ["peers-generation", "generation.ts"]] as const) {
  Deno.test(`deno task ${name} --help says what can be compared`, async () => {
    const { code, stdout, stderr } = await runDeno(["run", "-A", script(file), "--help"]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, ` ${name} [options]\n`);
    assertStringIncludes(stdout, "--rounds");
  });
}

Deno.test({
  name: "deno task peers ends its children when it is ended",
  ignore: Deno.build.os !== "linux",
  fn: () => endedWithChildren(["run", "-A", script("compare.ts"), "--config", "S"]),
});
