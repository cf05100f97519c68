// A training step against an independent implementation: golden files of transformers + PEFT (goldens/README.md).
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { buildMicroBatch } from "../../datasets/tokens/packing.ts";
import { download, upload } from "../../kernels/gpu/tensor.ts";
import { Stream } from "../../kernels/gpu/stream.ts";
import { uploadBatch } from "../../models/training/batch.ts";
import { readAdapter } from "../../models/formats/adapter/adapter.ts";
import { AdapterFitError } from "../../models/formats/error.ts";
import { loraKey } from "../../models/formats/adapter/lora_names.ts";
import { openSafetensors } from "../../models/formats/safetensors/safetensors.ts";
import { Lora, paddedRank } from "../../models/training/lora.ts";
import { forward, headForward } from "../../models/training/pass.ts";
import { learningRateOf } from "../../models/training/schedule.ts";
import { LoraTrainer } from "../../models/training/trainer.ts";
import { createWorkspace } from "../../models/training/workspace.ts";
import { goldenFolder, goldenNames, goldenRows, openGoldenBase, relativeError } from "./golden_base.ts";
import { assertLoss, assertTrajectory, trainedTolerance, trajectoryOf } from "./trajectory.ts";
import goldens from "./goldens/goldens.json" with { type: "json" };

Deno.test("an adapter of another base is refused, and both shapes are named", async () => {
  const { device, config } = await openGoldenBase("plain", 32);
  const lora = new Lora(device, config, { rank: 4, alpha: 8, dropout: 0, targets: ["q_proj", "v_proj"] }, false);
  const other = await readAdapter(`${goldenFolder}grouped/qv`);
  assertThrows(() => lora.load(other), AdapterFitError, "does not fit this base: layer 0 q_proj wants A [4,");
  lora.close();
  device.close();
});

for (const name of goldenNames) {
  Deno.test(`logits of all rows packed together agree with transformers within 1e-4, configuration ${name}`, async () => {
    const { device, base, config } = await openGoldenBase(name, 32);
    const rows = goldenRows(name);
    const batch = buildMicroBatch(rows);
    const lora = new Lora(device, config, { rank: 4, alpha: 8, dropout: 0, targets: ["q_proj", "v_proj"] }, false);
    lora.load(await readAdapter(`${goldenFolder}${name}/qv`));
    const space = createWorkspace(device, config, {
      tokens: 64,
      headRows: 64,
      rank: paddedRank(lora.settings),
    });
    const stream = new Stream(device);
    for (const [variant, adapter] of [["", undefined], ["/qv", lora]] as const) {
      using results = await openSafetensors(`${goldenFolder}${name}${variant}/results.safetensors`);
      const pass = { stream, base, lora: adapter, space, batch: uploadBatch(space, config, batch, device) };
      forward(pass);
      const every = { ...space.batch.rows, shape: [batch.tokenCount] };
      upload(device, space.batch.rows, Uint32Array.from({ length: batch.tokenCount }, (_, i) => i));
      const logits = headForward(pass, every);
      stream.flush();
      const [values] = await download(device, logits);
      const stride = logits.shape[1]!;
      let at = 0;
      for (const [r, row] of rows.entries()) {
        const wanted = await results.readFloat32(`logits.${r}`);
        for (let i = 0; i < wanted.length; i++) {
          const t = at + Math.floor(i / config.vocabularySize);
          const found = values![t * stride + i % config.vocabularySize]!;
          assertAlmostEquals(found, wanted[i]!, 1e-4, `row ${r}, logit ${i}${variant}`);
        }
        at += row.ids.length;
      }
    }
    stream.close();
    space.close();
    lora.close();
    device.close();
  });

  for (const variant of ["qv", "all"] as const) {
    Deno.test(`gradients and 20 AdamW steps agree with PEFT, configuration ${name}, targets ${variant}`, async () => {
      const { device, base } = await openGoldenBase(name, 32);
      const { training, micro_batches: microBatches } = goldens;
      const golden = goldens.configs[name].variants[variant];
      const adapter = await readAdapter(`${goldenFolder}${name}/${variant}`);
      const trainer = new LoraTrainer(device, base, {
        lora: { rank: adapter.rank, alpha: adapter.alpha, dropout: 0, targets: adapter.targets },
        tokens: 64,
        seed: 1,
        optimizer: { beta1: training.betas[0]!, beta2: training.betas[1]!, epsilon: training.epsilon, weightDecay: 0 },
        maxGradientNorm: training.max_grad_norm,
      });
      trainer.lora.load(adapter);
      const schedule = {
        schedule: "linear",
        learningRate: training.learning_rate,
        warmupSteps: training.warmup_steps,
        minimumRatio: 0,
      } as const;
      const rows = goldenRows(name);
      const batches = microBatches.map((list) => buildMicroBatch(list.map((i) => rows[i]!)));
      const labelled = goldens.configs[name].labelled;
      assertEquals(batches.reduce((sum, batch) => sum + batch.labelledCount, 0), labelled);

      using results = await openSafetensors(`${goldenFolder}${name}/${variant}/results.safetensors`);
      for (let step = 0; step < training.steps; step++) {
        for (const batch of batches) trainer.accumulate(batch, labelled);
        if (step === 0) {
          for (const { layer, target, a, b } of await trainer.gradients()) {
            for (const [side, found] of [["A", a], ["B", b]] as const) {
              const error = relativeError(found, await results.readFloat32(`grad.${loraKey(layer, target, side)}`));
              assert(error < 1e-4, `gradient of layer ${layer} ${target} ${side} is off by ${error}`);
            }
          }
        }
        trainer.step(learningRateOf(step, schedule, training.steps));
      }
      const wanted = golden.losses.map((loss, step) => ({ loss, norm: golden.grad_norms[step]! }));
      assertTrajectory(trajectoryOf(await trainer.readMetrics(), labelled), wanted);
      const after = await trainer.evaluate(batches, { adapter: true }) / labelled;
      assertLoss(after, golden.loss_after, training.steps);
      const before = await trainer.evaluate(batches, { adapter: false }) / labelled;
      assertAlmostEquals(before, goldens.configs[name].loss, 1e-4, "loss without an adapter");
      for (const { layer, target, a, b } of await trainer.adapter()) {
        for (const [side, found] of [["A", a], ["B", b]] as const) {
          const error = relativeError(found, await results.readFloat32(`final.${loraKey(layer, target, side)}`));
          const name = `layer ${layer} ${target} ${side}`;
          assert(error < trainedTolerance(name), `${name} is off by ${error} after training`);
        }
      }
      trainer.close();
      device.close();
    });
  }
}
