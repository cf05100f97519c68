// What a window costs: no window is computed, so that longer sequences are refused wherever they come in.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { buildMicroBatch } from "../../datasets/tokens/packing.ts";
import { exportModel } from "../../models/export/export_model.ts";
import { readConfig } from "../../models/formats/config.ts";
import { openGgufModel } from "../../models/formats/gguf/gguf_model.ts";
import { llamaTensors } from "../../models/formats/llama_tensors.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { cacheSize } from "../../models/generation/cache_size.ts";
import { Decoder } from "../../models/generation/decoder.ts";
import { RequestError } from "../../models/generation/request.ts";
import { Scorer } from "../../models/generation/scorer.ts";
import { sequenceLimit } from "../../models/sequence_limit.ts";
import { LoraTrainer } from "../../models/training/trainer.ts";
import {
  alpaca,
  merge,
  modelFolder,
  pipeline,
  planPipeline,
  quantize,
  tokenize,
  train,
  trainFull,
  z,
} from "../../mod.ts";
import { PipelineError } from "../../pipeline/core/mod.ts";
import type { TokensMeta } from "../../pipeline/stages/kinds.ts";
import { checkTokens } from "../../pipeline/stages/tokens/check_tokens.ts";
import { exportTo, modelOf } from "../interop/samples.ts";
import { answerOf, goldenGenerators } from "./generation/generating.ts";
import { goldenFolder, openGoldenBase } from "./golden_base.ts";
import { inFolder } from "./temp_folder.ts";

const model = `${goldenFolder}mistral`;
const config = await readConfig(model);
const window = 48;
const both = (asked: number) =>
  new RegExp(`window of ${window} tokens.* ${asked}|${asked}.*window of ${window} tokens`);

function assertNames(error: Error, asked: number): void {
  assert(both(asked).test(error.message), error.message);
}

Deno.test("the window limits a sequence where it is shorter than the positions; null is no window", () => {
  assertEquals([config.slidingWindow, config.maxPositions], [window, 64]);
  assertEquals(sequenceLimit(config).tokens, window);
  const { slidingWindow: _, ...open } = config;
  assertEquals(sequenceLimit(open), { tokens: 64, reason: "64 positions", strict: false });
  assertEquals(sequenceLimit({ ...config, slidingWindow: 65 }).tokens, 64);
});

Deno.test("training refuses a cutoff above the window, whatever the rows, and names both", () => {
  const split = { longest: 9 };
  const tokens = (maxTokens: number) => ({ maxTokens, vocabSize: 62, train: split, validation: split }) as TokensMeta;
  const base = { name: "small", vocabularySize: 62, config };
  checkTokens(base, tokens(window));
  assertNames(assertThrows(() => checkTokens(base, tokens(window + 1)), PipelineError), window + 1);
  const { slidingWindow: _, ...open } = config;
  checkTokens({ ...base, config: open }, tokens(window + 1));
});

Deno.test("a plan says of a cutoff above the window what a training would, of an adapter and of all weights", () =>
  inFolder(async (directory) => {
    const rows = join(directory, "rows.jsonl");
    await Deno.writeTextFile(rows, '{"instruction":"a","input":"","output":"b"}\n');
    const faults = async (maxTokens: number) => {
      const definition = pipeline({
        options: z.object({}),
        build: () => {
          const network = modelFolder(model);
          const base = quantize({ model: network });
          const data = merge({ sources: [alpaca(rows)] });
          const tokens = tokenize({ data, tokenizer: base.tokenizer, maxTokens });
          return { adapter: train({ base, tokens }), all: trainFull({ model: network, tokens }) };
        },
      });
      const { stages } = await planPipeline(definition, { cacheDir: join(directory, "cache") });
      return stages.flatMap((stage) => "expects" in stage && stage.expects.fault ? [stage.expects.fault] : []);
    };
    assertEquals(await faults(window), []);
    const wanted =
      `mistral has a sliding window of ${window} tokens, which is not computed for longer sequences, but ` +
      `maxTokens is ${window + 1}: lower maxTokens to ${window}`;
    assertEquals(await faults(window + 1), [wanted, wanted]);
  }));

Deno.test("a position beyond the window is not computed, in training, in scoring and in generation", async () => {
  const { device, base } = await openGoldenBase("mistral", 32);
  const row = (count: number) => ({
    ids: Uint32Array.from({ length: count }, (_, i) => 3 + i),
    labelled: new Uint8Array(count).fill(1),
  });
  const trainer = new LoraTrainer(device, base, {
    lora: { rank: 4, alpha: 8, dropout: 0, targets: ["q_proj"] },
    ...{ tokens: 64, seed: 1, maxGradientNorm: 1 },
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  });
  trainer.accumulate(buildMicroBatch([row(window)]), window - 1);
  const tooLong = buildMicroBatch([row(window + 1)]);
  assertNames(assertThrows(() => trainer.accumulate(tooLong, window), RangeError), window);
  trainer.close();

  const scorer = new Scorer(device, base);
  const pair = { context: [...row(window + 1).ids], continuation: [3] };
  assertNames(assertThrows(() => scorer.score([pair]), RangeError), window + 1);
  scorer.close();

  assertNames(assertThrows(() => new Decoder(device, base, { slots: 1, positions: 50 }), RangeError), 50);
  assertNames(assertThrows(() => cacheSize(device, config, { positions: 50 }), RangeError), 50);
  assertEquals(cacheSize(device, config, {}).positions, window);
  device.close();
});

Deno.test("a prompt as long as the window is refused for it, and an answer ends at it", async () => {
  using generators = await goldenGenerators("mistral");
  const generator = generators.open();
  const prompt = (length: number) => Array.from({ length }, (_, i) => 3 + i);
  const refused = await assertRejects(() => answerOf(generator, { prompt: prompt(window) }), RequestError);
  assertNames(refused, window);
  const { ids, end } = await answerOf(generator, { prompt: prompt(window - 2), params: { maxNewTokens: 20 } });
  assert(ids.length <= 2 && ids.length > 0, `${ids.length} ids, ${end.reason}`);
});

Deno.test("an export to GGUF is LLaMA's for llama.cpp, with the same weights; the window is left behind", () =>
  inFolder(async (directory) => {
    const own = join(directory, "hf");
    await Deno.mkdir(own);
    const options = { to: "hf", type: "f32", form: "safetensors", maxShardBytes: 1e9 } as const;
    await exportModel({ ...options, model }, own);
    assertEquals(await readConfig(own), config);

    const path = await exportTo(directory, { model: await modelOf("mistral", directory) });
    using gguf = await openGgufModel(path);
    const { slidingWindow: _, ...open } = config;
    assertEquals(gguf.file.value("general.architecture", "string"), "llama");
    assertEquals({ ...gguf.config, family: "mistral" }, {
      ...open,
      eosIds: gguf.config.eosIds,
      bosId: gguf.config.bosId,
    });
    using weights = await openWeights(model);
    for (const { name } of llamaTensors(config)) {
      assertEquals(await gguf.readFloat32(name), await weights.readFloat32(name), name);
    }
  }));
