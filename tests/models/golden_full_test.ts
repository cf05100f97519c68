// Training all weights against an independent implementation: golden files of transformers (goldens/README.md).
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { buildMicroBatch } from "../../datasets/tokens/packing.ts";
import { openSafetensors } from "../../models/formats/safetensors/safetensors.ts";
import { FullTrainer } from "../../models/training/full_trainer.ts";
import { loadModel } from "../../models/model_folder.ts";
import { learningRateOf, type Schedule } from "../../models/training/schedule.ts";
import { goldenFolder, goldenNames, goldenRows, openTestDevice, relativeError } from "./golden_base.ts";
import { assertLoss, assertTrajectory, trainedTolerance, trajectoryOf } from "./trajectory.ts";
import goldens from "./goldens/goldens.json" with { type: "json" };

const { full_training: training, micro_batches: microBatches } = goldens;

for (const name of goldenNames) {
  Deno.test(`gradients and 20 AdamW steps on all weights agree with transformers, configuration ${name}`, async () => {
    const device = await openTestDevice();
    const { labelled, full: golden } = goldens.configs[name];
    const trainer = new FullTrainer(device, await loadModel(device, `${goldenFolder}${name}`), {
      tokens: 64,
      optimizer: {
        beta1: training.betas[0]!,
        beta2: training.betas[1]!,
        epsilon: training.epsilon,
        weightDecay: training.weight_decay,
      },
      maxGradientNorm: training.max_grad_norm,
    });
    const schedule: Schedule = {
      schedule: "cosine",
      learningRate: training.learning_rate,
      warmupSteps: training.warmup_steps,
      minimumRatio: training.minimum_ratio,
    };
    const rows = goldenRows(name);
    const batches = microBatches.map((list) => buildMicroBatch(list.map((i) => rows[i]!)));
    assert(new Set(batches.map(({ tokenCount }) => tokenCount)).size > 1, "micro-batches of different sizes");
    using results = await openSafetensors(`${goldenFolder}${name}/full/results.safetensors`);
    const compare = async (
      prefix: "grad" | "final",
      found: Map<string, Float32Array>,
      tolerance: (key: string) => number,
    ) => {
      assertEquals(found.size * 2, results.tensors.size);
      for (const [key, values] of found) {
        const error = relativeError(values, await results.readFloat32(`${prefix}.${key}`));
        assert(error < tolerance(key), `${prefix} of ${key} is off by ${error}`);
      }
    };
    for (let step = 0; step < training.steps; step++) {
      for (const batch of batches) trainer.accumulate(batch, labelled);
      if (step === 0) await compare("grad", await trainer.read("gradients"), () => 1e-4);
      const rate = learningRateOf(step, schedule, training.steps);
      assertAlmostEquals(rate, golden.learning_rates[step]!, 1e-12);
      trainer.step(rate);
    }
    const wanted = golden.losses.map((loss, step) => ({ loss, norm: golden.grad_norms[step]! }));
    assertTrajectory(trajectoryOf(await trainer.readMetrics(), labelled), wanted);
    const after = await trainer.evaluate(batches, { adapter: false }) / labelled;
    assertLoss(after, golden.loss_after, training.steps);
    await compare("final", await trainer.read("weights"), trainedTolerance);
    trainer.close();
    device.close();
  });
}
