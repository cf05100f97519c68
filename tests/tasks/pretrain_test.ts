// The recipe `pretrain` through the command line.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { withHub } from "../pipeline/stages/hub/local_hub.ts";
import { inFolder, runTask, statusesOf, writeInputs } from "./children.ts";

const small = [
  "--hidden-size",
  "16",
  "--layers",
  "1",
  "--heads",
  "2",
  "--vocabulary-size",
  "600",
  "--max-tokens",
  "96",
];
const quick = ["--max-steps", "2", "--batch-size", "4", "--warmup-steps", "0"];

Deno.test("train pretrain makes a model of random weights that generate speaks with, and goes on with a model of the user's", () =>
  inFolder(async (folder) => {
    await writeInputs(folder);
    const trained = await runTask("train", folder, ["pretrain", ...small, ...quick, "--output-path", "made"]);
    assertEquals(trained.code, 0, trained.stderr);
    assertEquals(
      [...Deno.readDirSync(join(folder, "made"))].map(({ name }) => name).sort(),
      ["checkpoint-2", "config.json", "loss_curve.svg", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
        .concat("trainer_log.jsonl", "trainer_state.json", "vicuna-output.json"),
    );
    const answered = await runTask("generate", folder, ["--base-model", "made", "--max-new-tokens", "4", "你好"]);
    assertEquals(answered.code, 0, answered.stderr);

    const data = ["--data", "belle:belle.jsonl", "--data", "alpaca.json", "--validation", "2", "--max-tokens", "96"];
    const again = await runTask("train", folder, ["pretrain", "--init", "model", ...data, ...quick, "--json"]);
    assertEquals(again.code, 0, again.stderr);
    assertEquals(statusesOf(again), { merge: "ran", tokenizer_of: "ran", tokenize: "ran", train_full: "ran" });
  }));

Deno.test("train pretrain begins with a model of the hub", () =>
  withHub((hub) =>
    inFolder(async (folder) => {
      await writeInputs(folder);
      for (const { name } of Deno.readDirSync(join(folder, "model"))) {
        hub.files[name] = await Deno.readFile(join(folder, "model", name));
      }
      const data = ["--data", "alpaca.json", "--validation", "2", "--max-tokens", "96"];
      const args = ["pretrain", "--base-model", "some/thing", ...data, ...quick, "--max-steps", "1", "--json"];
      const trained = await runTask("train", folder, args);
      assertEquals(trained.code, 0, trained.stderr);
      assertEquals(Object.keys(statusesOf(trained)).sort(), [
        "hugging_face",
        "merge",
        "tokenize",
        "tokenizer_of",
        "train_full",
      ]);
    })
  ));

Deno.test("train pretrain --help says that the result is a model, in both languages", () =>
  inFolder(async (folder) => {
    const english = await runTask("train", folder, ["pretrain", "--help"]);
    assertStringIncludes(english.stdout.replace(/\s+/g, " "), "Its result is a model folder, not an adapter");
    const chinese = await runTask("train", folder, ["pretrain", "--help", "--lang", "zh"]);
    assertStringIncludes(chinese.stdout, "随机权重");
  }));
