import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { openWeights } from "../../../models/formats/weights.ts";
import { pipeline, type PipelineEvent, planPipeline, z } from "../../../pipeline/core/mod.ts";
import { merge } from "../../../pipeline/stages/merge.ts";
import { modelFolder, randomModel } from "../../../pipeline/stages/models.ts";
import { quantize } from "../../../pipeline/stages/quantize.ts";
import { belle } from "../../../pipeline/stages/sources.ts";
import { tokenize } from "../../../pipeline/stages/tokens/tokenize.ts";
import { tokenizerOf } from "../../../pipeline/stages/tokens/tokenizer_of.ts";
import { train } from "../../../pipeline/stages/train.ts";
import { trainFull, type TrainFullParams } from "../../../pipeline/stages/train_full.ts";
import { run, withFolder, writeRows } from "./running.ts";

/** A pipeline that trains all weights of a tiny random model on sums in words. */
function small(folder: string, params: TrainFullParams = {}) {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    instruction: `${i % 7} 加 ${i % 5} 等于几？ (${i})`,
    input: "",
    output: `答案是 ${i % 7 + i % 5}。`,
  }));
  const data = merge({ sources: [belle(writeRows(folder, "rows.jsonl", rows))], validation: 6, seed: 1 });
  const model = randomModel({
    data,
    vocabularySize: 420,
    hiddenSize: 16,
    intermediateSize: 28,
    layers: 2,
    heads: 2,
    maxPositions: 128,
  });
  const tokens = tokenize({ data, tokenizer: tokenizerOf({ model }), maxTokens: 96, trainOnInputs: true });
  const trained = trainFull({
    model,
    tokens,
    batchSize: 7,
    microBatchSize: 2,
    warmupSteps: 1,
    maxSteps: 6,
    learningRate: 0.03,
    logSteps: 1,
    evalSteps: 2,
    saveSteps: 3,
    ...params,
  });
  return { data, model, tokens, trained };
}

const weights = (dir: string) => Deno.readFileSync(join(dir, "model.safetensors"));
const stateOf = (dir: string) => JSON.parse(Deno.readTextFileSync(join(dir, "trainer_state.json")));

Deno.test("trainFull gives a model folder that has learnt, is read by other stages, and depends on no interval", async () => {
  await withFolder(async (folder) => {
    const { targets } = await run(folder, () => {
      const { tokens, trained } = small(folder);
      // An adapter on top proves that the folder is a whole model with its tokenizer.
      const base = quantize({ model: trained });
      return { trained, adapter: train({ base, tokens, maxSteps: 2, warmupSteps: 0, batchSize: 4, evalSteps: 1 }) };
    });
    const { dir, meta } = targets.trained;
    assertEquals(meta.steps, 6);
    const state = stateOf(dir);
    const losses = state.log_history.filter((line: { eval_loss?: number }) => line.eval_loss !== undefined);
    const [before, after] = [losses[0].eval_loss, losses.at(-1).eval_loss];
    assert(after < before - 0.5, `eval_loss ${before} -> ${after}`);
    // int8 and two small steps leave the loss about where full training ended: the weights were really written.
    const adapted = stateOf(targets.adapter.dir).log_history.find((line: { eval_loss?: number }) => line.eval_loss);
    assert(Math.abs(adapted.eval_loss - after) < 0.3, `${adapted.eval_loss} after ${after}`);
    using written = await openWeights(dir);
    assertEquals(written.info("model.embed_tokens.weight").dtype, "F32");
    assertEquals([...Deno.readDirSync(join(dir, "checkpoint-6"))].map(({ name }) => name).sort(), [
      "config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
      "trainer_state.json",
    ]);

    const other = await run(join(folder, "other"), () => {
      const settings = { logSteps: 5, evalSteps: 0, saveSteps: 100 };
      return { trained: small(folder, settings).trained };
    });
    assertEquals(weights(other.targets.trained.dir), weights(dir));
    const linear = await run(folder, () => ({ trained: small(folder, { schedule: "linear", evalSteps: 0 }).trained }));
    assert(weights(linear.targets.trained.dir).some((byte, i) => byte !== weights(dir)[i]));
  });
});

Deno.test("trainFull that was stopped goes on from its checkpoint and ends with the same weights", async () => {
  await withFolder(async (folder) => {
    const unbroken = await run(join(folder, "unbroken"), () => ({ trained: small(folder).trained }));
    const controller = new AbortController();
    const stop = new DOMException("stopped", "AbortError");
    const build = () => ({ trained: small(folder, { saveSteps: 1 }).trained });
    let steps = 0;
    const stopped = await run(folder, build, (event) => {
      if (event.type === "stage-progress" && event.stage === "train_full" && ++steps === 3) controller.abort(stop);
    }, controller.signal).catch((error) => error);
    assertEquals(stopped, stop);
    const said: string[] = [];
    const continued = await run(folder, build, (event) => event.type === "stage-log" && said.push(event.message));
    assertStringIncludes(said.join("\n"), "going on from checkpoint-");
    assertEquals(weights(continued.targets.trained.dir), weights(unbroken.targets.trained.dir));
  });
});

Deno.test("trainFull writes bfloat16 that says so in config.json, and takes up a folder of the user's", async () => {
  await withFolder(async (folder) => {
    const first = await run(folder, () => ({ trained: small(folder, { dtype: "bfloat16", maxSteps: 2 }).trained }));
    const { dir } = first.targets.trained;
    using written = await openWeights(dir);
    assertEquals(written.info("model.norm.weight").dtype, "BF16");
    assertEquals(JSON.parse(Deno.readTextFileSync(join(dir, "config.json"))).torch_dtype, "bfloat16");
    const again = await run(folder, () => {
      const { tokens } = small(folder);
      const model = modelFolder(dir);
      return { trained: trainFull({ model, tokens, maxSteps: 1, warmupSteps: 0, batchSize: 4, learningRate: 1e-3 }) };
    });
    assert(weights(again.targets.trained.dir).length > weights(dir).length);
  });
});

Deno.test("a plan tells the memory of trainFull before anything is computed, and the training takes as much", async () => {
  await withFolder(async (folder) => {
    const build = () => ({ trained: small(folder, { maxSteps: 1 }).trained });
    const definition = pipeline({ name: "test", options: z.object({}), build });
    const { stages } = await planPipeline(definition, { cacheDir: join(folder, "cache") });
    const planned = stages.find(({ stage }) => stage === "train_full");
    assert(planned?.status === "waits");
    const events: PipelineEvent[] = [];
    await run(folder, build, (event) => events.push(event));
    const told = events.find((event) => event.type === "stage-memory");
    assertEquals(told?.memory.categories, planned.expects.memory?.categories);
    assertEquals(told?.memory.categories["adapter"], 0);
  });
});

Deno.test("a model is no adapter and no base: wiring it wrongly does not compile", () => {
  const wrong = (folder: string) => {
    const { data, model, tokens, trained } = small(folder);
    const base = quantize({ model });
    // @ts-expect-error a quantised base cannot be trained in full
    trainFull({ model: base, tokens });
    // @ts-expect-error a trained model is no base before it is quantised
    train({ base: trained, tokens });
    // @ts-expect-error a model folder is no tokenizer
    tokenize({ data, tokenizer: trained });
  };
  assertEquals(typeof wrong, "function");
});
