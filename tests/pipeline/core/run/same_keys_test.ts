import { assertEquals, assertRejects } from "@std/assert";
import { sameKeys } from "../../../../pipeline/core/upkeep.ts";
import { defineStage, inputFile, pipeline, PipelineError, z } from "../../../../pipeline/core/mod.ts";
import { lines, text } from "../helpers.ts";

const shout = defineStage({
  name: "shout",
  version: 1,
  inputs: { lines },
  params: z.object({ mark: z.string().default("!") }),
  settings: z.object({ logSteps: z.number().default(1) }),
  output: text,
  run: () => Promise.resolve({ length: 0 }),
});

const shouts = pipeline({
  options: z.object({
    path: z.string().default("a.txt"),
    mark: z.string().default("!"),
    logSteps: z.number().min(1).default(1),
    all: z.boolean().default(false),
    broken: z.enum(["no", "told", "crash"]).default("no"),
  }),
  build({ path, all, broken, ...rest }) {
    if (broken === "told") throw new PipelineError("that cannot be");
    if (broken === "crash") throw new TypeError("a bug");
    const loud = shout({ lines: inputFile(lines, path, { language: "zh" }), ...rest });
    return { loud, ...(all && { again: shout({ lines: inputFile(lines, path, { language: "zh" }), mark: "?" }) }) };
  },
});

Deno.test("sameKeys() tells options that are settings alone from those that are in a key", async () => {
  const same = (one: object, other: object) => sameKeys(shouts, "shouts", { ...one }, { ...other });
  assertEquals(await same({}, { logSteps: 5 }), true);
  assertEquals(await same({}, { mark: "!" }), true, "a default that is written out");
  assertEquals(await same({}, { mark: "?" }), false, "a param");
  assertEquals(await same({}, { path: "b.txt" }), false, "an input");
  assertEquals(await same({}, { all: true }), false, "one more result");
  assertEquals(await same({}, { logSteps: 0 }), false, "no such option");
  assertEquals(await same({}, { broken: "told" }), false, "no such pipeline");
  await assertRejects(() => same({}, { broken: "crash" }), TypeError, "a bug");
});
