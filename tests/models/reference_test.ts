// The engine against a naive implementation of the whole training in float64 (reference/): where the golden files fix a
// few trajectories, this one takes any base, dropout and number of steps.
import { assert } from "@std/assert";
import { buildMicroBatch } from "../../datasets/tokens/packing.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import { type LlamaConfig, readConfig } from "../../models/formats/config.ts";
import { projectionShape } from "../../models/formats/llama_tensors.ts";
import { LORA_TARGETS, type LoraTarget } from "../../models/formats/adapter/lora_names.ts";
import type { LoraConfig } from "../../models/training/lora.ts";
import { learningRateOf, type Schedule } from "../../models/training/schedule.ts";
import { LoraTrainer } from "../../models/training/trainer.ts";
import { Random } from "../kernels/harness.ts";
import { goldenFolder, type GoldenName, openGoldenBase } from "./golden_base.ts";
import { labelledIn, randomRows, weightsOf } from "./reference/inputs.ts";
import { matrixName, ReferenceModel, ReferenceOptimizer } from "./reference/reference_model.ts";
import { assertTrajectory, trainedTolerance, trajectoryOf, type TrajectoryStep } from "./trajectory.ts";

const schedule: Schedule = { schedule: "linear", learningRate: 1e-2, warmupSteps: 3, minimumRatio: 0 };

/** LoRA matrices of random values, B too: so that no gradient is zero. */
function randomMatrices(config: LlamaConfig, { rank, targets }: LoraConfig, random: Random) {
  const matrices = new Map<string, Float64Array>();
  for (let layer = 0; layer < config.layers; layer++) {
    for (const target of targets) {
      const [outFeatures, inFeatures] = projectionShape(config, target);
      matrices.set(matrixName(layer, target, "A"), random.values(rank * inFeatures, 0.3));
      matrices.set(matrixName(layer, target, "B"), random.values(rank * outFeatures, 0.3));
    }
  }
  return matrices;
}

for (const [name, dropout] of [["plain", 0], ["grouped", 0.25], ["qwen2", 0], ["qwen3", 0.25]] as const) {
  Deno.test(`the reference's gradients are the slopes of its loss, network ${name}, dropout ${dropout}`, async () => {
    const random = new Random(11);
    const lora = { rank: 2, alpha: 3, dropout, targets: LORA_TARGETS, seed: 5 };
    const config = await readConfig(`${goldenFolder}${name}`);
    const tensors = new Map<string, ArrayLike<number>>([
      ...await weightsOf(name, 32),
      ...randomMatrices(config, lora, random),
    ]);
    const model = new ReferenceModel(config, tensors, lora);
    const rows = randomRows(random, config.vocabularySize, [7, 4]);
    // The loss is taken with the masks of the micro-batch that comes next, so gradients are those of that one.
    const gradients = new ReferenceModel(config, tensors, lora);
    gradients.accumulate(rows, 1);
    for (const [parameter, { value }] of model.parameters) {
      const direction = random.values(value.length);
      const before = value.slice();
      const lossAt = (step: number) => {
        before.forEach((v, i) => value[i] = v + step * direction[i]!);
        return model.loss(rows);
      };
      const slope = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
      value.set(before);
      const { gradient } = gradients.parameters.get(parameter)!;
      const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      assert(gradient.some((g) => g !== 0), `${parameter} has no gradient`);
      assert(Math.abs(along - slope) < 1e-6 * (1 + Math.abs(slope)), `${parameter}: ${along}, wanted ${slope}`);
    }
  });
}

interface Case {
  readonly name: GoldenName;
  readonly bits: WeightBits;
  readonly targets: readonly LoraTarget[];
  readonly rank: number;
  readonly dropout: number;
  readonly steps: number;
}

// The first steps are held most tightly; all batches have come twice after ten.
const cases: Case[] = [
  { name: "plain", bits: 8, targets: ["q_proj", "v_proj"], rank: 8, dropout: 0, steps: 12 },
  { name: "grouped", bits: 8, targets: ["q_proj", "v_proj"], rank: 3, dropout: 0.1, steps: 30 },
  { name: "plain", bits: 32, targets: LORA_TARGETS, rank: 5, dropout: 0.1, steps: 12 },
  { name: "grouped", bits: 8, targets: LORA_TARGETS, rank: 4, dropout: 0, steps: 12 },
  { name: "grouped", bits: 4, targets: LORA_TARGETS, rank: 4, dropout: 0, steps: 12 },
];

for (const { name, bits, targets, rank, dropout, steps } of cases) {
  const title = `${bits}-bit base, network ${name}, ${targets.length} projections, rank ${rank}, dropout ${dropout}`;
  Deno.test(`${steps} steps of engine and float64 reference agree: ${title}`, async () => {
    const { device, base, config } = await openGoldenBase(name, bits);
    const lora = { rank, alpha: 2 * rank, dropout, targets };
    const seed = 77;
    const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    const trainer = new LoraTrainer(device, base, {
      lora,
      tokens: 64,
      seed,
      optimizer: { ...optimizer, weightDecay: 0.1 },
      maxGradientNorm: 1,
    });
    const tensors = await weightsOf(name, bits);
    for (const { layer, target, a, b } of await trainer.adapter()) {
      tensors.set(matrixName(layer, target, "A"), a);
      tensors.set(matrixName(layer, target, "B"), b);
    }
    const model = new ReferenceModel(config, tensors, { ...lora, seed });
    const trained = [...model.parameters].filter(([key]) => /^\d/.test(key));
    const reference = new ReferenceOptimizer(
      trained.map(([, parameter]) => ({ parameter, weightDecay: 0.1 })),
      { ...optimizer, maxGradientNorm: 1 },
    );

    // Ten rows in all, three micro-batches a step, of other rows and sizes in each of five steps.
    const random = new Random(rank);
    const rows = randomRows(random, config.vocabularySize, [9, 19, 5, 14, 2, 11, 23, 3, 8, 16]);
    const wanted: TrajectoryStep[] = [];
    for (let step = 0; step < steps; step++) {
      const at = (i: number) => rows[(step % 5 * 2 + i) % rows.length]!;
      const microBatches = [[at(0), at(1), at(2)], [at(3)], [at(4), at(5)]];
      const labelled = labelledIn(microBatches.flat());
      const rate = learningRateOf(step, schedule, steps);
      let loss = 0;
      for (const list of microBatches) {
        trainer.accumulate(buildMicroBatch(list), labelled);
        loss += model.accumulate(list, labelled);
      }
      trainer.step(rate);
      wanted.push({ loss, norm: reference.step(rate) });
    }
    assertTrajectory(trajectoryOf(await trainer.readMetrics()), wanted);
    for (const { layer, target, a, b } of await trainer.adapter()) {
      for (const [side, values] of [["A", a], ["B", b]] as const) {
        const { value } = model.parameters.get(matrixName(layer, target, side))!;
        const most = value.reduce((worst, v) => Math.max(worst, Math.abs(v)), 0);
        const error = values.reduce((worst, v, i) => Math.max(worst, Math.abs(v - value[i]!)), 0) / most;
        const name = `layer ${layer} ${target} ${side}`;
        assert(error < trainedTolerance(name), `${name} is off by ${error} of its largest value`);
      }
    }
    trainer.close();
    device.close();
  });
}
