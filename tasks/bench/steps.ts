// Whole training steps: forward, loss, backward, optimizer, on a synthetic base.
import type { Device } from "../../kernels/device.ts";
import { type KernelTime, Timings } from "../../kernels/timings.ts";
import type { WeightBits } from "../../kernels/weight.ts";
import type { BaseWeights } from "../../models/base_file.ts";
import type { PackedBatch } from "../../models/batch.ts";
import { Trainer, type TrainerOptions } from "../../models/trainer.ts";
import { type BenchConfig, benchLora } from "./configs.ts";
import { syntheticBase, syntheticBatch } from "./synthetic.ts";
import { usefulFlops } from "./useful_flops.ts";

/** What a training step costs. */
export interface StepResult {
  readonly ms: number;
  readonly tokens_per_second: number;
  /** Useful operations a second, see {@linkcode usefulFlops}. */
  readonly gflops: number;
  /** Time of the processor for recording a step and handing it to the device. */
  readonly encode_ms: number;
  /** Time on the device by kernel for one step; none where the device has no timestamps. */
  readonly kernels: readonly KernelTime[];
}

/** A step that takes longer than this is measured once, without a warm-up: compiling is little beside it. */
const longStepMs = 20_000;
/** Groups of steps, of which the quickest counts. */
const groups = 3;

const options: Omit<TrainerOptions, "tokens"> = {
  lora: benchLora,
  seed: 1,
  optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  maxGradientNorm: 1,
};

interface Timed {
  readonly ms: number;
  readonly encodeMs: number;
}

/** Takes steps, waits for them, and gives the time of one. */
async function timeSteps(trainer: Trainer, batch: PackedBatch, labelled: number, steps: number): Promise<Timed> {
  const begin = performance.now();
  for (let i = 0; i < steps; i++) {
    trainer.accumulate(batch, labelled);
    trainer.step(3e-4);
  }
  const encodeMs = (performance.now() - begin) / steps;
  const metrics = await trainer.readMetrics();
  const ms = (performance.now() - begin) / steps;
  if (
    !metrics.every(({ negativeLogLikelihood, gradientNorm }) => Number.isFinite(negativeLogLikelihood + gradientNorm))
  ) {
    throw new Error("the measured steps gave a loss or a gradient that is not finite");
  }
  return { ms, encodeMs };
}

/** Measures the steps of a trainer on `base`: a warm-up, then the quickest group of `steps`, then one step by kernel. */
async function measure(device: Device, base: BaseWeights, batch: PackedBatch, steps: number) {
  const labelled = batch.labels.filter((label) => label >= 0).length;
  const tokens = batch.ids.length;
  const timings = Timings.of(device);
  const run = async <T>(timings: Timings | undefined, body: (trainer: Trainer) => Promise<T>) => {
    const trainer = new Trainer(device, base, { ...options, tokens, timings });
    try {
      return await body(trainer);
    } finally {
      trainer.close();
    }
  };
  try {
    let { first, kernels } = await run(timings, async (trainer) => {
      const first = await timeSteps(trainer, batch, labelled, 1);
      if (timings && first.ms < longStepMs) {
        await timings.read(); // that was the warm-up
        await timeSteps(trainer, batch, labelled, 1);
      }
      return { first, kernels: await timings?.read() ?? [] };
    });
    if (first.ms < longStepMs) {
      first = await run(undefined, async (trainer) => {
        let best = await timeSteps(trainer, batch, labelled, steps);
        for (let group = 1; group < groups; group++) {
          const next = await timeSteps(trainer, batch, labelled, steps);
          if (next.ms < best.ms) best = next;
        }
        return best;
      });
    }
    return { ...first, kernels };
  } finally {
    timings?.close();
  }
}

/** Measures the training step of a configuration; `tokens` shortens its rows where given. */
export async function benchStep(
  device: Device,
  { model, rows, rowTokens }: BenchConfig,
  bits: WeightBits,
  steps: number,
): Promise<StepResult> {
  const { base, close } = await syntheticBase(device, model, bits);
  try {
    const batch = syntheticBatch(model.vocabularySize, rows, rowTokens);
    const { ms, encodeMs, kernels } = await measure(device, base, batch, steps);
    return {
      ms,
      tokens_per_second: batch.ids.length / ms * 1000,
      gflops: usefulFlops(model, benchLora, batch).total / ms / 1e6,
      encode_ms: encodeMs,
      kernels,
    };
  } finally {
    close();
  }
}
