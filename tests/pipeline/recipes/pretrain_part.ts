// What a part of the steps of `pretrain_tiny` must give, in the tests of the suite and the slow ones.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { fromFileUrl, join } from "@std/path";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { runPipeline } from "../../../pipeline/core/mod.ts";
import pretrainTiny from "../../../pipeline/recipes/pretrain_tiny.ts";
import { withFolder } from "../stages/running.ts";
import made from "./pretrain_tiny.json" with { type: "json" };

/** The folder of the model that comes with the project. */
export const committed: string = fromFileUrl(new URL("../../../models/vicuna-tiny", import.meta.url));

/** The digest of a file. */
export const sha256 = (path: string): string => createHash("sha256").update(Deno.readFileSync(path)).digest("hex");

/** Runs the recipe from nothing for as many steps as a part of pretrain_tiny.json has, and compares all with what it notes. */
export function assertPart(part: typeof made.parts[number]): Promise<void> {
  return withFolder(async (folder) => {
    const options = { maxSteps: part.steps };
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
    assertEquals(last.step, part.steps);
    assertAlmostEquals(first.loss, part.firstLoss, 0.01);
    // Rounding differs from driver to driver, and training makes differences larger.
    assertAlmostEquals(last.loss, part.lastLoss, 0.1);

    const device = await openDevice();
    const found = `${device.info.description}, Deno ${Deno.version.deno}`;
    device.close();
    if (found === made.device) {
      assertEquals(sha256(join(targets.model.dir, "model.safetensors")), part.weights);
    } else {
      console.log(`weights not compared to the byte: made by ${found}, noted ${made.device}`);
    }
  });
}
