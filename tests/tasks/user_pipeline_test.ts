// Pipeline files of a user's, outside the project, through `train`: load_pipeline.ts and code_identity.ts.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { endsOf, inFolder, runTask, statusesOf } from "./children.ts";
import { helperFile, writePipeline } from "./user_pipeline.ts";

const args = ["./short.ts", "--data", "belle:belle.jsonl", "--data", "alpaca.json"];

Deno.test("a pipeline file outside the project runs with a stage of its own, whose options are flags", () =>
  inFolder(async (folder) => {
    await writePipeline(folder);
    const { code, stdout, stderr } = await runTask("train", folder, [...args, "--output-path", "out"]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "2 computed, 0 from the cache");
    const lines = (await Deno.readTextFile(join(folder, "out", "train.jsonl"))).trimEnd().split("\n");
    assert(lines.length >= 16, "most answers of the BELLE file are short");
    assert(lines.every((line) => JSON.parse(line).source === "belle.jsonl"), "all others are long");

    const help = await runTask("train", folder, ["short.ts", "--help"]);
    assertStringIncludes(help.stdout, "Options of short:");
    assertStringIncludes(help.stdout, "--max-characters <number>  longest answer (default: 4)");
  }));

Deno.test("a user's stage is cached, and runs again when a file that it imports changes, naming the file", () =>
  inFolder(async (folder) => {
    await writePipeline(folder);
    const run = async () => {
      const outcome = await runTask("train", folder, [...args, "--json"]);
      assertEquals([outcome.code, outcome.stderr], [0, ""]);
      return outcome;
    };
    assertEquals(statusesOf(await run()), { merge: "ran", keep_short: "ran" });
    assertEquals(statusesOf(await run()), { merge: "cached", keep_short: "cached" });
    await Deno.writeTextFile(join(folder, "helper.ts"), helperFile.replace("<=", "<"));
    const { merge, keep_short } = endsOf(await run());
    assertEquals(merge?.status, "cached");
    assertEquals(keep_short, { status: "ran", because: "helper.ts changed" });
  }));

Deno.test("a file that is no pipeline, or is not there, is refused without a stack", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "other.ts"), "export default 1;\n");
    const other = await runTask("train", folder, ["other.ts"]);
    assertEquals(other.code, 1);
    assertStringIncludes(other.stderr, "other.ts: its default export must be a pipeline");
    const missing = await runTask("train", folder, ["./missing.ts"]);
    assertEquals(missing.code, 1);
    assertStringIncludes(missing.stderr, "missing.ts does not exist");
    for (const { stderr } of [other, missing]) {
      assert(stderr.startsWith("error: ") && !stderr.includes("    at "), stderr);
    }
  }));

/** A pipeline whose only result is so large that a hit does not read it. */
const largePipeline = `import { defineStage, kind, pipeline, z } from "vicuna";

const large = defineStage({
  name: "large",
  module: import.meta.url,
  inputs: {},
  output: kind<Record<never, never>>()("large"),
  async run({ output }) {
    await Deno.writeFile(output.dir + "/large.bin", new Uint8Array(65 * 2 ** 20));
    return {};
  },
});

export default pipeline({ options: z.object({}), build: () => ({ large: large({}) }) });
`;

Deno.test("a damaged large result is found while it is copied to the output folder, set aside and computed again", () =>
  inFolder(async (folder) => {
    await writePipeline(folder);
    await Deno.writeTextFile(join(folder, "large.ts"), largePipeline);
    const train = ["large.ts", "--output-path", "out"];
    assertEquals((await runTask("train", folder, train)).code, 0);
    const [{ name: key } = { name: "" }] = [...Deno.readDirSync(join(folder, ".vicuna", "store", "large"))];
    const cached = join(folder, ".vicuna", "store", "large", key, "output", "large.bin");
    {
      using file = await Deno.open(cached, { write: true });
      await file.seek(2 ** 20, Deno.SeekMode.Start);
      await file.write(Uint8Array.of(1));
    }
    const again = await runTask("train", folder, train);
    assertEquals(again.code, 0, again.stderr);
    assertStringIncludes(again.stdout + again.stderr, "is not what was published");
    for (const path of [cached, join(folder, "out", "large.bin")]) {
      assert(Buffer.compare(await Deno.readFile(path), new Uint8Array(65 * 2 ** 20)) === 0, `${path} is whole`);
    }
    assertEquals([...Deno.readDirSync(join(folder, ".vicuna", "quarantine"))].length, 1);
  }));
