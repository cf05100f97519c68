// Activations of 8 bits: part of a training's key, planned to the byte, for a base of 8 bits alone.
import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { merge } from "../../../../pipeline/stages/merge.ts";
import { randomModel } from "../../../../pipeline/stages/models.ts";
import { quantize } from "../../../../pipeline/stages/quantize.ts";
import { belle } from "../../../../pipeline/stages/sources.ts";
import { tokenize } from "../../../../pipeline/stages/tokens/tokenize.ts";
import { train } from "../../../../pipeline/stages/train.ts";
import { run, withFolder, writeRows } from "../running.ts";

function trainings(path: string, bits: 4 | 8) {
  const data = merge({ sources: [belle(path)], validation: 0, seed: 1 });
  const shape = { hiddenSize: 64, intermediateSize: 96, layers: 2, heads: 2, maxPositions: 96 };
  const model = randomModel({ data, vocabularySize: 400, ...shape, initializerRange: 0.2 });
  const base = quantize({ model, bits });
  const tokens = tokenize({ data, tokenizer: base.tokenizer, maxTokens: 64 });
  const common = { base, tokens, batchSize: 4, maxSteps: 4, warmupSteps: 0, learningRate: 0.01, logSteps: 1 };
  return { exact: train(common), bytes: train({ ...common, activations: "int8" }) };
}

const rows = Array.from({ length: 8 }, (_, i) => ({ instruction: `${i}?`, input: "", output: `是${i}。` }));

Deno.test("activations of 8 bits give another result of nearly the same loss, in the memory that was planned", () =>
  withFolder(async (folder) => {
    const path = writeRows(folder, "rows.jsonl", rows);
    const planned: number[] = [];
    const { targets } = await run(folder, () => trainings(path, 8), (event) => {
      if (event.type === "stage-memory" && event.stage.startsWith("train")) planned.push(event.memory.total);
    });
    const { exact, bytes } = targets;
    assertNotEquals(bytes.key, exact.key);
    const read = (dir: string) => Deno.readFileSync(join(dir, "adapter_model.safetensors"));
    assert(read(bytes.dir).some((byte, i) => byte !== read(exact.dir)[i]));
    const lossOf = (dir: string) => JSON.parse(Deno.readTextFileSync(join(dir, "trainer_state.json"))).train_loss;
    assertAlmostEquals(lossOf(bytes.dir), lossOf(exact.dir), 0.05);
    assertNotEquals(lossOf(bytes.dir), lossOf(exact.dir));
    assert(planned.length === 2 && planned[0] !== planned[1], `${planned}`);
  }));

Deno.test("activations of 8 bits are refused for a base of other bits", () =>
  withFolder(async (folder) => {
    const path = writeRows(folder, "rows.jsonl", rows);
    const message = "int8 activations want a base of 8 bits, found 4";
    const error = await assertRejects(() => run(folder, () => ({ bytes: trainings(path, 4).bytes })), Error);
    assertEquals([error.message, String(error.cause)].some((text) => text.includes(message)), true, error.message);
  }));
