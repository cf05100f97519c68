// Pipeline files of a user's, outside the project, through `train`: load_pipeline.ts and code_identity.ts.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join, relative, toFileUrl } from "@std/path";
import { endsOf, inFolder, repository, runDeno, runTask, statusesOf, writeData } from "./children.ts";

/** A pipeline as a user writes it: ready stages, and one of the user's own with a helper file beside it. */
const pipelineFile = `import { dataset, defineStage, merge, pipeline, rows, z } from "vicuna";
import { isShort } from "./helper.ts";

const keepShort = defineStage({
  name: "keep_short",
  module: import.meta.url,
  inputs: { data: dataset },
  params: z.object({ characters: z.number().default(4) }),
  output: dataset,
  async run({ inputs, params, output }) {
    const text = await Deno.readTextFile(inputs.data.dir + "/train.jsonl");
    const kept = text.trimEnd().split("\\n").filter((line) => isShort(JSON.parse(line).output, params.characters));
    await Deno.writeTextFile(output.dir + "/train.jsonl", kept.join("\\n") + "\\n");
    await Deno.copyFile(inputs.data.dir + "/validation.jsonl", output.dir + "/validation.jsonl");
    return { ...inputs.data.meta, train: kept.length };
  },
});

export default pipeline({
  options: z.object({
    data: z.array(z.string()).describe("rows"),
    maxCharacters: z.number().default(4).describe("longest answer"),
  }),
  build({ data, maxCharacters }) {
    const merged = merge({ sources: data.map(rows), validation: 2 });
    return { rows: keepShort({ data: merged, characters: maxCharacters }) };
  },
});
`;

const helperFile = "export const isShort = (text: string, most: number): boolean => text.length <= most;\n";

/** Writes the pipeline, its helper and data into a folder, and an import map that leads to this project. */
async function writePipeline(folder: string): Promise<void> {
  await writeData(folder);
  await Deno.writeTextFile(join(folder, "short.ts"), pipelineFile);
  await Deno.writeTextFile(join(folder, "helper.ts"), helperFile);
  const importMap = relative(folder, join(repository, "deno.json")).replaceAll("\\", "/");
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ importMap }));
}

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

Deno.test("a pipeline file outside the project passes the type check through its import map, and wrong wiring does not", () =>
  inFolder(async (folder) => {
    await writePipeline(folder);
    const wrong =
      `import { alpaca, evaluate, merge, modelFolder, pipeline, quantize, tokenize, train, z } from "vicuna";
export default pipeline({
  options: z.object({}),
  build() {
    const data = merge({ sources: [alpaca("alpaca.json")] });
    const base = quantize({ model: modelFolder("model") });
    const tokens = tokenize({ data, tokenizer: base.tokenizer });
    const adapter = train({ base: data, tokens });
    return { report: evaluate({ base, adapter, tokens }) };
  },
});
`;
    await Deno.writeTextFile(join(folder, "wrong.ts"), wrong);
    await Deno.writeTextFile(join(folder, "right.ts"), wrong.replace("base: data,", "base,"));
    const files = ["short.ts", "right.ts", "wrong.ts"].map((name) => toFileUrl(join(folder, name)).href);
    const { code, stderr } = await runDeno(["check", "--config", join(folder, "deno.json"), ...files]);
    assertEquals(code, 1);
    // Only the wrong one is complained of, where a data set is given for the base.
    const places = [...stderr.matchAll(/at file:\S*\/(\S+?:\d+):\d+/g)].map(([, place]) => place);
    assertEquals(places[0], "wrong.ts:8");
    assert(places.every((place) => !/short|right/.test(place!)), stderr);
    assertStringIncludes(stderr, '"dataset"');
    assertStringIncludes(stderr, '"base"');
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
      assert((await Deno.readFile(path)).every((byte) => byte === 0), `${path} is whole`);
    }
    assertEquals([...Deno.readDirSync(join(folder, ".vicuna", "quarantine"))].length, 1);
  }));
