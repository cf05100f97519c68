// Run as a child process by concurrency_test.ts: a pipeline of one slow stage.
// Arguments: folder with input.txt and cache/, milliseconds to compute, `locked` or `unlocked`.
// Prints `started` when the stage begins to compute, and at the end status and digest as JSON.
import { join } from "@std/path";
import { defineStage, inputFile, pipeline, runPipeline, z } from "../../../../pipeline/core/mod.ts";
import { lines, text } from "../helpers.ts";

const [folder = "", milliseconds = "0", lock = "locked"] = Deno.args;

const slow = defineStage({
  name: "slow",
  version: 1,
  inputs: { source: lines },
  output: text,
  async run({ inputs, output, scratch }) {
    await Deno.writeTextFile(join(folder, "scratches.log"), `${scratch}\n`, { append: true });
    await Deno.writeTextFile(join(output.dir, "text.txt"), "half");
    console.log("started");
    await Deno.writeTextFile(join(folder, "computed.log"), "x", { append: true });
    await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
    const content = await Deno.readTextFile(inputs.source.path);
    await Deno.writeTextFile(join(output.dir, "text.txt"), content.repeat(2));
    return { length: content.length * 2 };
  },
});

const result = await runPipeline(
  pipeline({
    options: z.object({}),
    build: () => ({ t: slow({ source: inputFile(lines, join(folder, "input.txt"), { language: "zh" }) }) }),
  }),
  { cacheDir: join(folder, "cache"), lock: lock === "locked" },
);
console.log(JSON.stringify(result.stages.map(({ status, key, digest }) => ({ status, key, digest }))));
