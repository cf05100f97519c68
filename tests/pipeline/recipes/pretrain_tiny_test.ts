import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { createHash } from "node:crypto";
import { openDevice } from "../../../kernels/device.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { loadTokenizer } from "../../../models/tokenizer.ts";
import { runPipeline } from "../../../pipeline/core/mod.ts";
import pretrainTiny from "../../../pipeline/recipes/pretrain_tiny.ts";
import { withFolder } from "../stages/running.ts";
import made from "./pretrain_tiny.json" with { type: "json" };

const committed = fromFileUrl(new URL("../../../models/vicuna-tiny", import.meta.url));
const sha256 = (path: string) => createHash("sha256").update(Deno.readFileSync(path)).digest("hex");

Deno.test("pretrain_tiny from nothing: text, tokenizer and windows of the committed model, an eightieth of its steps", () =>
  withFolder(async (folder) => {
    const options = { maxSteps: made.part.steps };
    const { stages, targets } = await runPipeline(pretrainTiny, { cacheDir: folder, options });
    const stage = (name: string) => {
      const found = stages.find(({ stage }) => stage === name);
      assert(found !== undefined, name);
      return found;
    };
    for (const [name, digest] of Object.entries(made.digests)) assertEquals(stage(name).digest, digest, name);
    assertEquals(sha256(join(targets.model.dir, "tokenizer.json")), sha256(join(committed, "tokenizer.json")));

    const log = Deno.readTextFileSync(join(stage("train_full").dir, "trainer_log.jsonl")).trimEnd().split("\n");
    const losses = log.map((line) => JSON.parse(line)).filter(({ loss }) => loss !== undefined);
    const [first, last] = [losses[0], losses.at(-1)];
    assertEquals(last.step, made.part.steps);
    assertAlmostEquals(first.loss, made.part.firstLoss, 0.01);
    // Rounding differs from driver to driver, and training makes differences larger.
    assertAlmostEquals(last.loss, made.part.lastLoss, 0.1);

    const device = await openDevice();
    const found = `${device.info.description}, Deno ${Deno.version.deno}`;
    device.close();
    if (found === made.part.device) {
      assertEquals(sha256(join(targets.model.dir, "model.safetensors")), made.part.weights);
    } else {
      console.log(`weights not compared to the byte: made by ${found}, noted ${made.part.device}`);
    }
  }));

Deno.test("the committed model is what its card says, and loads like any model", async () => {
  const card = Deno.readTextFileSync(join(committed, "README.md"));
  for (const name of ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]) {
    assert(card.includes(sha256(join(committed, name))), `${name} has another digest than its card says`);
  }
  const config = await readConfig(committed);
  using tokenizer = await loadTokenizer(committed);
  assertEquals(tokenizer.vocabularySize, made.vocabularySize);
  assertEquals([config.layers, config.hiddenSize, config.vocabularySize], [4, 128, 4000]);
  const bytes = [...Deno.readDirSync(committed)].reduce(
    (sum, { name }) => sum + Deno.statSync(join(committed, name)).size,
    0,
  );
  assert(bytes < 6_000_000, `${bytes}`);
});
