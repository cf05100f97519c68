import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readConfig } from "../../../models/formats/config.ts";
import { type PipelineEvent, runPipeline } from "../../../pipeline/core/mod.ts";
import pretrainTiny from "../../../pipeline/recipes/pretrain_tiny.ts";
import { withFolder } from "../stages/running.ts";
import made from "./pretrain_tiny.json" with { type: "json" };

/** A twentieth of the steps of the committed model, on the same text, tokenizer and windows. */
const steps = Math.round(made.steps / 20);

Deno.test("pretrain_tiny from nothing: text, tokenizer and windows of the committed model, a twentieth of its steps", () =>
  withFolder(async (folder) => {
    const digests = new Map<string, string>();
    let device = "";
    const onEvent = (event: PipelineEvent) => {
      if (event.type === "stage-end" && "digest" in event) digests.set(event.stage, event.digest);
      if (event.type === "stage-end" && event.device !== undefined) device = event.device;
    };
    const options = pretrainTiny.options.parse({ maxSteps: steps });
    const signal = new AbortController().signal;
    const { targets } = await runPipeline(pretrainTiny, { cacheDir: folder, options, onEvent, signal });
    for (const stage of ["embedded_text", "tokenizer_of", "pack_text"] as const) {
      assertEquals(digests.get(stage), made.digests[stage], stage);
    }
    assertEquals((await readConfig(targets.model.dir)).hiddenSize, 128);
    console.log(device, targets.model.digest);
  }));
