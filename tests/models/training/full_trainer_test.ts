// Training all weights, against the naive implementation of it in float64 (reference/).
import { assert, assertEquals, assertThrows } from "@std/assert";
import { buildMicroBatch } from "../../../datasets/tokens/packing.ts";
import { openDevice } from "../../../kernels/gpu/device.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { FullTrainer } from "../../../models/training/full_trainer.ts";
import { planWith } from "../../../models/training/memory_plan.ts";
import { loadModel } from "../../../models/model_folder.ts";
import { learningRateOf } from "../../../models/training/schedule.ts";
import { Random } from "../../kernels/harness.ts";
import { goldenFolder, goldenNames, openGoldenBase, relativeError } from "../golden_base.ts";
import { labelledIn, randomRows, weightsOf } from "../reference/inputs.ts";
import { ReferenceModel, ReferenceOptimizer } from "../reference/reference_model.ts";
import { assertTrajectory, trainedTolerance, trajectoryOf, type TrajectoryStep } from "../trajectory.ts";

const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };
const options = { tokens: 64, optimizer: { ...optimizer, weightDecay: 0.1 }, maxGradientNorm: 1 };

// The reference knows no stretched rotary angles.
for (const name of goldenNames.filter((name) => name !== "stretched")) {
  const steps = name === "grouped" ? 30 : 6;
  Deno.test(`${steps} steps on all weights agree with the float64 reference, network ${name}`, async () => {
    const device = await openDevice();
    const base = await loadModel(device, `${goldenFolder}${name}`, 3000); // so that large weights lie in parts
    assert(base.embedding.parts.length > 1);
    const trainer = new FullTrainer(device, base, { ...options, keptLayers: 1, headRows: 64 });
    const { config } = base;
    const model = new ReferenceModel(config, await weightsOf(name, 32));
    const parameters = [...model.parameters];
    const reference = new ReferenceOptimizer(
      parameters.map(([key, parameter]) => ({ parameter, weightDecay: /norm|bias/.test(key) ? 0 : 0.1 })),
      { ...optimizer, maxGradientNorm: 1 },
    );
    const rows = randomRows(new Random(3), config.vocabularySize, [9, 19, 5, 14, 2, 11, 23, 3, 8, 16]);
    const schedule = { schedule: "cosine", learningRate: 1e-2, warmupSteps: 3, minimumRatio: 0.1 } as const;
    const wanted: TrajectoryStep[] = [];
    for (let step = 0; step < steps; step++) {
      const at = (i: number) => rows[(step % 5 * 2 + i) % rows.length]!;
      const microBatches = [[at(0), at(1), at(2)], [at(3)], [at(4), at(5)]];
      const labelled = labelledIn(microBatches.flat());
      let loss = 0;
      for (const list of microBatches) {
        trainer.accumulate(buildMicroBatch(list), labelled);
        loss += model.accumulate(list, labelled);
      }
      if (step === 0) {
        const gradients = await trainer.read("gradients");
        assertEquals([...gradients.keys()], parameters.map(([key]) => key));
        for (const [key, { gradient }] of parameters) {
          const error = relativeError(gradients.get(key)!, gradient);
          assert(error < 2e-5, `gradient of ${key} is off by ${error}`);
        }
      }
      const rate = learningRateOf(step, schedule, steps);
      trainer.step(rate);
      wanted.push({ loss, norm: reference.step(rate) });
    }
    assertTrajectory(trajectoryOf(await trainer.readMetrics()), wanted);
    const weights = await trainer.read("weights");
    for (const [key, { value }] of parameters) {
      const error = relativeError(weights.get(key)!, value);
      assert(error < trainedTolerance(key), `${key} is off by ${error} of its largest value`);
    }
    trainer.close();
    device.close();
  });
}

for (const name of ["grouped", "qwen3"]) {
  Deno.test(`training all weights gives the same bits however many layers keep their activations, and takes the memory that was planned: ${name}`, async () => {
    const results = [];
    for (const keptLayers of [0, 1, 2]) {
      const device = await openDevice();
      const base = await loadModel(device, `${goldenFolder}${name}`);
      const trainer = new FullTrainer(device, base, { ...options, keptLayers });
      const rows = randomRows(new Random(1), base.config.vocabularySize, [12, 30, 9]);
      for (let step = 0; step < 3; step++) {
        trainer.accumulate(buildMicroBatch(rows), labelledIn(rows));
        trainer.step(1e-2);
      }
      assertEquals((await trainer.readMetrics()).length, 3);
      const plan = planWith({ config: base.config, bits: 32, tokens: options.tokens, headRows: 128 }, keptLayers);
      assertEquals(device.peak, plan.total, "what was allocated is what was planned");
      results.push(await trainer.read("weights"));
      trainer.close();
      device.close();
    }
    assertEquals(results[1], results[0]);
    assertEquals(results[2], results[0]);
  });
}

Deno.test("FullTrainer refuses an int8 network", async () => {
  const { device, base } = await openGoldenBase("plain", 8);
  assertThrows(() => new FullTrainer(device, base, options), RangeError, "weights of 8 bits");
  device.close();
});

for (const [dtype, tolerance] of [["F32", 0], ["BF16", 2 ** -8], ["F16", 2 ** -11]] as const) {
  Deno.test(`a network that was written as ${dtype} is read again within its rounding`, async () => {
    const device = await openDevice();
    const base = await loadModel(device, `${goldenFolder}plain`, 3000);
    const trainer = new FullTrainer(device, base, options);
    const directory = await Deno.makeTempDir();
    await trainer.write(directory, dtype);
    await Deno.copyFile(`${goldenFolder}plain/config.json`, `${directory}/config.json`);
    assertEquals((await readConfig(directory)).hiddenSize, base.config.hiddenSize);
    const again = new FullTrainer(device, await loadModel(device, directory), options);
    const [before, after] = [await trainer.read("weights"), await again.read("weights")];
    for (const [name, values] of before) {
      const read = after.get(name)!;
      values.forEach((value, i) =>
        assert(
          Math.abs(read[i]! - value) <= tolerance * Math.abs(value) + tolerance * 1e-4,
          `${name} ${i}: ${read[i]}, was ${value}`,
        )
      );
    }
    await Deno.remove(directory, { recursive: true });
    device.close();
  });
}
