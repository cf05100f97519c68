import { assertEquals, assertThrows } from "@std/assert";
import { readOutput } from "../../../tasks/shader_stats/output.ts";

const driver = { card: "a card", driver: "radv", version: "Mesa 22.3.6" };
const executable = { subgroupSize: 64, statistics: { VGPRs: 8 }, texts: {} };
const shader = (name: string) => ({ shader: name, code: `// ${name}`, subgroups: 64 });
const said = { executables: [executable] };
const lines = (...all: unknown[]) => all.map((line) => JSON.stringify(line) + "\n").join("");

Deno.test("readOutput() gives each shader what was said after it, and leaves out what WebGPU compiled before", () => {
  const text = lines(driver, said, said, shader("one"), said, shader("two"), said, { finished: true });
  assertEquals(readOutput(text), {
    driver,
    shaders: [{ ...shader("one"), executable }, { ...shader("two"), executable }],
  });
});

Deno.test("readOutput() names the shader of which nothing was said", () => {
  const text = lines(driver, shader("one"), shader("two"), said, { finished: true });
  assertThrows(() => readOutput(text), Error, "the driver said nothing of one");
});

Deno.test("readOutput() refuses what ends early, or has no device", () => {
  assertThrows(() => readOutput(lines(driver, shader("one"), said)), Error, "ended after 1 shaders");
  assertThrows(() => readOutput(lines({ finished: true })), Error, "opened no device");
});
