import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { inFolder, publishedIn, quickTraining, runTask, writeInputs } from "./children.ts";

const stories = fromFileUrl(new URL("../../../shared/data/tinystories-260k", import.meta.url));
const absent = !isFolder(stories);

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

Deno.test({
  name: `generate --raw "" tells the story that a real float32 model is known to begin with${
    absent ? " (skipped: ../shared/data/tinystories-260k is absent)" : ""
  }`,
  ignore: absent,
  fn: () =>
    inFolder(async (folder) => {
      const args = ["--base-model", stories, "--bits", "32", "--raw", "", "--max-new-tokens", "80"];
      const { code, stdout } = await runTask("generate", folder, args);
      assertEquals(code, 0);
      const story = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. " +
        "One day, she saw a big, red ball. She wanted to play with it, but it was too high.";
      assertEquals(stdout.slice(0, story.length), story);
    }),
});

Deno.test("generate answers with and without an adapter, from ids of the tokenizer alone, and says the same for the same seed", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const trained = await runTask("train", folder, [
      ...quickTraining,
      ...["--samples", "0", "--eval-steps", "0", "--learning-rate", "0.1", "--output-path", "adapter"],
    ]);
    assertEquals(trained.code, 0, trained.stderr);
    const generate = async (...more: string[]) => {
      const args = ["--base-model", "model", "--max-new-tokens", "12", ...more];
      const { code, stdout, stderr } = await runTask("generate", folder, args);
      assertEquals(code, 0, stderr);
      assert(stdout.endsWith("\n"));
      return stdout;
    };
    const sampled = (seed: number, ...more: string[]) =>
      generate("算1加1", "--temperature", "1", "--seed", String(seed), ...more);
    const plain = await sampled(1);
    assertNotEquals(await sampled(2), plain);
    const adapted = await sampled(1, "--lora-path", "adapter");
    assertNotEquals(adapted, plain);
    // Side by side: each says what it says alone, the base again for the same seed.
    const other = ["--lora-path", "adapter", "--lora-path", "a\u202egain\nerror: x\x1b[2J=adapter"];
    const all = await sampled(1, "--compare", ...other);
    assertEquals(all, `# model\n${plain}\n# adapter\n${adapted}\n# a\\u202egain\\nerror: x\\u001b[2J\n${adapted}`);
    const beams = ["--num_beams", "3", "--repetition-penalty", "1.5", "--min-new-tokens", "12"];
    assertNotEquals(await generate("算1加1", ...beams), await generate("算1加1", "--min-new-tokens", "12"));
    const stop = plain.slice(2, 4);
    assertEquals(await sampled(1, "--stop", stop), `${plain.slice(0, plain.indexOf(stop))}\n`);
    // The base of the training is taken from the cache: its key does not depend on who asks.
    assertEquals(publishedIn(join(folder, ".vicuna"))["quantize"], 1);
    // Looking a base up is no run that anybody looks for.
    const runsOf = async (...args: string[]) =>
      (JSON.parse((await runTask("runs", folder, ["--json", ...args])).stdout) as { pipeline: string }[])
        .map(({ pipeline }) => pipeline);
    assertEquals(await runsOf(), ["chinese_vicuna"]);
    assert((await runsOf("--all")).includes("generate"));
  }));

Deno.test("generate refuses to be called with neither an instruction nor --raw, or with both", () =>
  inFolder(async (folder) => {
    for (const what of [[], ["算1加1", "--raw", ""]]) {
      const { code, stdout, stderr } = await runTask("generate", folder, ["--base-model", "model", ...what]);
      assertEquals([code, stdout], [1, ""]);
      assertStringIncludes(stderr, "error: give either an instruction or --raw TEXT");
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("generate refuses a prompt that fills all positions of the model", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const { code, stderr } = await runTask("generate", folder, ["--base-model", "model", "--raw", "z".repeat(200)]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "the model 128 positions: shorten it");
    assert(!stderr.includes("    at "), stderr);
  }));

Deno.test("generate says which flags have no effect, in both languages, and which values there are not", () =>
  inFolder(async (folder) => {
    // It says so before it looks for a base, so none is needed.
    const run = (...flags: string[]) => runTask("generate", folder, ["--base-model", "none", ...flags, "你好"]);
    const flags = ["--top-k", "40", "--seed", "3"];
    const { stderr } = await run(...flags);
    assertStringIncludes(stderr, "--top-k, --seed: no effect without sampling (--sample, or a --temperature above 0)");
    assertStringIncludes((await run(...flags, "--lang", "zh")).stderr, "--top-k、--seed 只在采样时起作用");
    const sampling = await run(...flags, "--do_sample");
    assertStringIncludes(sampling.stderr, "none");
    assert(!sampling.stderr.includes("no effect"), sampling.stderr);
    const wrong = await run("--beams", "11");
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, "--beams");
  }));

Deno.test("generate --help lists its flags with their defaults", () =>
  inFolder(async (folder) => {
    const { code, stdout } = await runTask("generate", folder, ["--help"]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "--lora-path <path>");
    assertStringIncludes(stdout, "default: 128");
  }));
