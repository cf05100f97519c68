// splitK is part of a training's key, and reaches the products of its steps.
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { merge } from "../../../../pipeline/stages/merge.ts";
import { randomModel } from "../../../../pipeline/stages/models.ts";
import { quantize } from "../../../../pipeline/stages/quantize.ts";
import { belle } from "../../../../pipeline/stages/sources.ts";
import { tokenize } from "../../../../pipeline/stages/tokens/tokenize.ts";
import { train } from "../../../../pipeline/stages/train.ts";
import { run, withFolder, writeRows } from "../running.ts";

Deno.test("sums in slices give another result of nearly the same loss, and say so in its params", () =>
  withFolder(async (folder) => {
    const rows = Array.from({ length: 8 }, (_, i) => ({ instruction: `${i}?`, input: "", output: `是${i}。` }));
    const path = writeRows(folder, "rows.jsonl", rows);
    const { targets } = await run(folder, () => {
      const data = merge({ sources: [belle(path)], validation: 0, seed: 1 });
      // 64 columns are sixteen steps of 4: two slices of eight.
      const shape = { hiddenSize: 64, intermediateSize: 64, layers: 1, heads: 2, maxPositions: 96 };
      const model = randomModel({ data, vocabularySize: 400, ...shape, initializerRange: 0.2 });
      const base = quantize({ model });
      const tokens = tokenize({ data, tokenizer: base.tokenizer, maxTokens: 64 });
      const common = { base, tokens, batchSize: 4, maxSteps: 2, warmupSteps: 0, logSteps: 1 };
      return { whole: train(common), slices: train({ ...common, splitK: 2 }) };
    });
    const read = (dir: string) => Deno.readFileSync(join(dir, "adapter_model.safetensors"));
    const lossOf = (dir: string) => JSON.parse(Deno.readTextFileSync(join(dir, "trainer_state.json"))).train_loss;
    const [whole, slices] = [targets.whole, targets.slices];
    assertNotEquals(slices.key, whole.key);
    assert(read(slices.dir).some((byte, i) => byte !== read(whole.dir)[i]));
    assertAlmostEquals(lossOf(slices.dir), lossOf(whole.dir), 1e-4);
    const manifest = JSON.parse(Deno.readTextFileSync(join(slices.dir, "../manifest.json")));
    assertEquals(manifest.record.params.splitK, 2);
  }));
