import { assert, assertEquals, assertThrows } from "@std/assert";
import { buildMicroBatch } from "../../../datasets/tokens/packing.ts";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { loadBase, writeBase } from "../../../models/base_file.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import type { LoraConfig } from "../../../models/training/lora.ts";
import { gigabytes, MemoryError, planTraining, planWith } from "../../../models/training/memory_plan.ts";
import { LoraTrainer } from "../../../models/training/trainer.ts";
import { defaultHeadRows } from "../../../models/training/workspace_layout.ts";
import { BENCH_CONFIGS } from "../../../tasks/bench/configs.ts";
import { goldenFolder, type GoldenName } from "../golden_base.ts";
import { inFolder } from "../temp_folder.ts";

const lora: LoraConfig = { rank: 3, alpha: 6, dropout: 0.1, targets: ["q_proj", "v_proj", "down_proj"] };
const tokens = 48;

const llama7b = BENCH_CONFIGS["llama-7b"].model;
const qv: LoraConfig = { rank: 8, alpha: 16, dropout: 0.05, targets: ["q_proj", "v_proj"] };

/** Trains two steps of a golden model; gives the adapter, and what was planned and allocated. */
async function trainGolden(bits: 4 | 8 | 32, settings: LoraConfig, keptLayers: number, name: GoldenName = "grouped") {
  const golden = `${goldenFolder}${name}`;
  return await inFolder(async (directory) => {
    const config = await readConfig(golden);
    using weights = await openWeights(golden);
    await writeBase(weights, config, bits, directory);
    await Deno.copyFile(`${golden}/config.json`, `${directory}/config.json`);
    const device = await openDevice();
    try {
      const base = await loadBase(device, directory);
      const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };
      const trainer = new LoraTrainer(device, base, {
        lora: settings,
        tokens,
        keptLayers,
        seed: 3,
        optimizer,
        maxGradientNorm: 1,
      });
      const row = (first: number, count: number) => ({
        ids: Uint32Array.from({ length: count }, (_, i) => (first + i * 7) % config.vocabularySize),
        labelled: new Uint8Array(count).fill(1),
      });
      const batches = [buildMicroBatch([row(3, 11), row(5, 17)]), buildMicroBatch([row(9, 13)])];
      const labelled = batches.reduce((sum, batch) => sum + batch.labelledCount, 0);
      for (let step = 0; step < 2; step++) {
        for (const batch of batches) trainer.accumulate(batch, labelled);
        trainer.step(1e-2);
      }
      const metrics = await trainer.readMetrics();
      const adapter = (await trainer.adapter()).flatMap(({ a, b }) => [...a, ...b]);
      const plan = planWith({ config, bits, lora: settings, tokens, headRows: defaultHeadRows }, keptLayers);
      return { adapter, metrics, plan, peak: device.peak };
    } finally {
      device.close();
    }
  });
}

for (const bits of [4, 8, 32] as const) {
  for (const kept of [0, 1, 2]) {
    Deno.test(`what training allocates is what was planned, to the byte: ${bits} bits, ${kept} kept layers`, async () => {
      const { plan, peak } = await trainGolden(bits, lora, kept);
      assertEquals(peak, plan.total);
    });
  }
}

for (const name of ["qwen2", "qwen3"] as const) {
  for (const kept of [0, 1]) {
    Deno.test(`what training allocates is what was planned, to the byte: network ${name}, ${kept} kept layers`, async () => {
      const { plan, peak } = await trainGolden(8, lora, kept, name);
      assertEquals(peak, plan.total);
    });
  }
}

for (const name of ["grouped", "qwen3"] as const) {
  Deno.test(`layers that are recomputed give the same adapter, to the bit, as layers that keep their activations: ${name}`, async () => {
    const wanted = await trainGolden(8, lora, 2, name);
    assert(wanted.adapter.some((value) => value !== 0));
    for (const kept of [0, 1]) {
      const { adapter, metrics, plan } = await trainGolden(8, lora, kept, name);
      assertEquals(plan.recomputedLayers, 2 - kept);
      assertEquals(adapter, wanted.adapter);
      assertEquals(metrics, wanted.metrics);
    }
  });
}

Deno.test("an adapter of the highest layers trains those, keeps nothing of the layers below, and fits its plan", async () => {
  const all = await trainGolden(8, lora, 0);
  const top = await trainGolden(8, { ...lora, layers: 1 }, 0);
  assertEquals(top.peak, top.plan.total);
  assertEquals(top.adapter.length, all.adapter.length / 2);
  assertEquals(top.metrics[0]!.negativeLogLikelihood, all.metrics[0]!.negativeLogLikelihood);
});

Deno.test("planTraining() keeps LLaMA-7B with 4-bit weights and 256 tokens under 4.4 GB, weights and scales under 4 GB", () => {
  const shape = { config: llama7b, bits: 4, lora: qv, tokens: 256, headRows: defaultHeadRows } as const;
  const { total, categories } = planTraining(shape, 4.4e9);
  assert(total <= 4.4e9, `${total}`);
  assert(categories["base weights"] + categories.scales < 4e9, JSON.stringify(categories));
});

Deno.test("planTraining() keeps LLaMA-7B with int8 weights and 256 tokens under 7.4 GB", () => {
  const shape = { config: llama7b, bits: 8, lora: qv, tokens: 256, headRows: defaultHeadRows } as const;
  const plan = planTraining(shape, 7.4e9);
  assert(plan.total <= 7.4e9 && plan.keptLayers > 0 && plan.recomputedLayers > 0, JSON.stringify(plan));
  assert(plan.total + 60e6 > 7.4e9, "one more layer would have fitted");
  const smallest = planWith(shape, 0).total;
  assert(smallest < 7.1e9, `${smallest}`);
  assertEquals(planTraining(shape, 24e9).recomputedLayers, 0);
});

Deno.test("planTraining() says what would help when a training does not fit, and by how much", () => {
  const targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;
  const shape = { config: llama7b, bits: 32, lora: { ...qv, targets }, tokens: 256, headRows: 128 } as const;
  const error = assertThrows(() => planTraining(shape, 8e9), MemoryError);
  for (const saving of error.savings) {
    assert(saving.saves > 0 && error.message.includes(gigabytes(saving.saves)));
  }
  const what = error.savings.map((saving) => saving.what);
  for (const wanted of ["tokens", "head rows", "targets", "bits", "adapted layers"]) {
    assert(what.includes(wanted as typeof what[number]), `${wanted} is missing of ${what}`);
  }
});
