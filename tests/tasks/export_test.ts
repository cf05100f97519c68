import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { embeddedModelPath } from "../../mod.ts";
import { withHub } from "../pipeline/stages/hub/local_hub.ts";
import { eventsOf, inFolder, quickTraining, runTask, writeInputs } from "./children.ts";

Deno.test("export writes a merged model that answers as the base with its adapter does, a GGUF file and a PEFT folder", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const trained = await runTask("train", folder, [
      ...quickTraining,
      ...["--samples", "0", "--eval-steps", "0", "--learning-rate", "0.1", "--output-path", "adapter"],
    ]);
    assertEquals(trained.code, 0, trained.stderr);
    const run = async (...args: string[]) => {
      const outcome = await runTask("export", folder, args);
      assertEquals(outcome.code, 0, outcome.stderr);
      return outcome;
    };
    const both = ["--base-model", "model", "--lora-path", "adapter"];
    const written = await run("--to", "hf", ...both, "--type", "f32", "--output-path", "merged", "--json");
    const [last] = eventsOf(written).slice(-1);
    assert(last?.type === "output-written" && last.files.includes("model.safetensors"), written.stdout);
    const answer = async (...model: string[]) => {
      const args = [...model, "--bits", "32", "--max-new-tokens", "12", "算1加1"];
      const { code, stdout, stderr } = await runTask("generate", folder, args);
      assertEquals(code, 0, stderr);
      return stdout;
    };
    const merged = await answer("--base-model", "merged");
    assertEquals(merged, await answer(...both));
    assert(merged !== await answer("--base-model", "model"), "the adapter changes nothing");

    // An adapter that is in a model is not added to it again, whichever form either has.
    await run("--to", "gguf", ...both, "--output-path", "merged.gguf");
    await run("--to", "peft", "--lora-path", "adapter", "--form", "bin", "--output-path", "peft");
    await run("--to", "hf", "--base-model", "merged.gguf", "--output-path", "again");
    const twice = [
      ["generate", "merged", "peft", "hi"],
      ["export", "merged.gguf", "adapter", "--to", "gguf", "--output-path", "twice.gguf"],
      ["generate", "again", "adapter", "hi"],
    ] as const;
    for (const [task, model, adapter, ...more] of twice) {
      const { code, stderr } = await runTask(task, folder, ["--base-model", model, "--lora-path", adapter, ...more]);
      assertEquals([code, stderr.includes(`the adapter in ${adapter} is in this base already`)], [1, true], stderr);
    }

    const gguf = await Deno.readFile(join(folder, "merged.gguf"));
    assertEquals(new TextDecoder().decode(gguf.subarray(0, 4)), "GGUF");
    assertEquals(await answer("--base-model", "model", "--lora-path", "peft"), merged);
    // Nothing is left beside the results.
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith(".vicuna-"));
    assertEquals(left, []);
  }));

Deno.test("export replaces nothing unless it is told to, and then the whole", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    await Deno.mkdir(join(folder, "out"));
    await Deno.writeTextFile(join(folder, "out", "mine.txt"), "mine");
    const args = ["--to", "hf", "--base-model", "model", "--output-path", "out"];
    const refused = await runTask("export", folder, args);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "it exists; choose another --output-path, or give --overwrite");
    assertEquals([...Deno.readDirSync(join(folder, "out"))].map(({ name }) => name), ["mine.txt"]);
    await Deno.remove(join(folder, "out/mine.txt"));
    for (const type of ["f32", "f16"]) {
      const done = await runTask("export", folder, [...args, "--type", type, "--overwrite"]);
      assertEquals(done.code, 0, done.stderr);
    }
    assertStringIncludes(await Deno.readTextFile(join(folder, "out", "config.json")), '"float16"');
    const file = await runTask("export", folder, ["--to", "gguf", ...args.slice(2), "--overwrite"]);
    assertStringIncludes(file.stderr, "wanted a file, found a folder there");
  }));

Deno.test("a failed export leaves what was there and nothing beside it", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    await Deno.writeTextFile(join(folder, "out.gguf"), "GGUF old");
    const weights = join(folder, "model", "model.safetensors");
    await Deno.truncate(weights, (await Deno.stat(weights)).size - 4);
    const args = ["--to", "gguf", "--base-model", "model", "--output-path", "out.gguf", "--overwrite"];
    const { code, stderr } = await runTask("export", folder, args);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "error: ");
    assertEquals(await Deno.readTextFile(join(folder, "out.gguf")), "GGUF old");
    assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith(".vicuna-")), []);
  }));

Deno.test("export says which flags are missing, in English and in Chinese", () =>
  inFolder(async (folder) => {
    const english = await runTask("export", folder, ["--to", "gguf-lora", "--output-path", "x.gguf"]);
    assertEquals(english.code, 1);
    assertStringIncludes(english.stderr, "exporting to gguf-lora wants an adapter (--lora-path");
    const chinese = await runTask("export", folder, ["--lang", "zh"]);
    assertStringIncludes(chinese.stderr, "缺少必填选项 --to");
    assertStringIncludes(chinese.stderr, "缺少必填选项 --output-path");
  }));

Deno.test("export without a base model takes the quickstart's, as its sisters do", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await runTask("export", folder, ["--to", "hf", "--output-path", "out"]);
    assertEquals(code, 0, stderr);
    const sizes = ["hidden_size", "num_hidden_layers", "vocab_size"];
    const config = async (dir: string) => JSON.parse(await Deno.readTextFile(join(dir, "config.json")));
    const [exported, own] = [await config(join(folder, "out")), await config(embeddedModelPath)];
    assertEquals(sizes.map((name) => exported[name]), sizes.map((name) => own[name]));
  }));

Deno.test("export takes a model of the hub, which it downloads once", () =>
  withHub((hub) =>
    inFolder(async (folder) => {
      await writeInputs(folder);
      for (const { name } of Deno.readDirSync(join(folder, "model"))) {
        hub.files[name] = await Deno.readFile(join(folder, "model", name));
      }
      for (const path of ["first", "second"]) {
        const args = ["--to", "gguf", "--base-model", "some/thing", "--output-path", `${path}.gguf`];
        const { code, stderr } = await runTask("export", folder, args);
        assertEquals(code, 0, stderr);
      }
      assertEquals(hub.requests.filter((path) => path.endsWith("model.safetensors")).length, 1);
      const local = ["--to", "gguf", "--base-model", "model", "--name", "some/thing", "--output-path", "third.gguf"];
      assertEquals((await runTask("export", folder, local)).code, 0);
      const [first, third] = await Promise.all(
        ["first", "third"].map((name) => Deno.readFile(join(folder, `${name}.gguf`))),
      );
      assertEquals(first, third);
    })
  ));
