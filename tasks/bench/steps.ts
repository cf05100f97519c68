// Whole training steps: forward, loss, backward, optimizer, on a synthetic base.
import type { Device } from "../../kernels/device.ts";
import { type KernelTime, Timings } from "../../kernels/timings.ts";
import type { WeightBits } from "../../kernels/weight.ts";
import type { BaseWeights } from "../../models/base_file.ts";
import type { PackedBatch } from "../../models/batch.ts";
import { Trainer, type TrainerOptions } from "../../models/trainer.ts";
import { type BenchConfig, benchLora } from "./configs.ts";
import { productsOfStep } from "./products.ts";
import { syntheticBase, syntheticBatch } from "./synthetic.ts";
import { usefulFlops } from "./useful_flops.ts";

/** What a training step costs. */
export interface StepResult {
  readonly tokens: number;
  readonly ms: number;
  readonly tokens_per_second: number;
  /** Useful 10⁹ operations a second, see {@linkcode usefulFlops}. */
  readonly gflops: number;
  /** 10⁹ operations a second of the step's products with frozen weights alone, at its own shapes; absent for long steps. */
  readonly product_gflops?: number;
  /** Time of the processor for recording a step. */
  readonly encode_ms: number;
  /** Time on the device by kernel for one step; empty where the device has no timestamps. */
  readonly breakdown: readonly KernelTime[];
  /** Most bytes of GPU memory in use at once. */
  readonly peak_bytes: number;
}

/** A step that takes longer than this is measured once, without a warm-up: compiling is little beside it. */
const longStepMs = 20_000;
/** Groups of steps, of which the quickest counts. */
const groups = 3;

/** How the measured trainers train. */
export const trainerOptions: Omit<TrainerOptions, "tokens"> = {
  lora: benchLora,
  seed: 1,
  optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  maxGradientNorm: 1,
};

interface Timed {
  readonly ms: number;
  readonly encodeMs: number;
}

/** Labelled tokens of micro-batches. */
export function labelledIn(batches: readonly PackedBatch[]): number {
  return batches.reduce((sum, { labels }) => sum + labels.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0), 0);
}

/**
 * Takes optimizer steps over the same micro-batches, waits for them, and gives the time of one. A software driver computes
 * within queue.submit, so that on one the time spent there is no time of recording.
 */
export async function takeSteps(trainer: Trainer, batches: readonly PackedBatch[], steps: number): Promise<Timed> {
  const labelled = labelledIn(batches);
  const { gpu, info } = trainer.device;
  const submit = gpu.queue.submit;
  let submitting = 0;
  gpu.queue.submit = function (buffers) {
    const begin = performance.now();
    submit.call(this, buffers);
    submitting += performance.now() - begin;
  };
  try {
    const begin = performance.now();
    for (let i = 0; i < steps; i++) {
      for (const batch of batches) trainer.accumulate(batch, labelled);
      trainer.step(3e-4);
    }
    const recorded = performance.now() - begin - (info.software ? submitting : 0);
    const metrics = await trainer.readMetrics();
    const ms = performance.now() - begin;
    for (const { negativeLogLikelihood: loss, gradientNorm: norm } of metrics) {
      if (!Number.isFinite(loss + norm)) throw new Error(`a measured step gave loss ${loss}, gradient norm ${norm}`);
    }
    return { ms: ms / steps, encodeMs: recorded / steps };
  } finally {
    gpu.queue.submit = submit;
  }
}

/** Measures the steps of a trainer on `base`: a warm-up, one step by kernel, then the quickest group of `steps`. */
async function measure(device: Device, base: BaseWeights, batch: PackedBatch, steps: number) {
  const timings = Timings.of(device);
  const run = async <T>(timings: Timings | undefined, body: (trainer: Trainer) => Promise<T>) => {
    const trainer = new Trainer(device, base, { ...trainerOptions, tokens: batch.ids.length, timings });
    try {
      return await body(trainer);
    } finally {
      trainer.close();
    }
  };
  try {
    const { first, breakdown } = await run(timings, async (trainer) => {
      const first = await takeSteps(trainer, [batch], 1);
      if (timings && first.ms < longStepMs) {
        await timings.read(); // that was the warm-up
        await takeSteps(trainer, [batch], 1);
      }
      return { first, breakdown: await timings?.read() ?? [] };
    });
    if (first.ms >= longStepMs) return { ...first, breakdown };
    const best = await run(undefined, async (trainer) => {
      let best = await takeSteps(trainer, [batch], steps);
      for (let group = 1; group < groups; group++) {
        const next = await takeSteps(trainer, [batch], steps);
        if (next.ms < best.ms) best = next;
      }
      return best;
    });
    return { ...best, breakdown };
  } finally {
    timings?.close();
  }
}

/** Measures the training step of a configuration. */
export async function benchStep(
  device: Device,
  { model, rows, rowTokens }: BenchConfig,
  bits: WeightBits,
  steps: number,
): Promise<StepResult> {
  device.peak = device.allocated;
  const { base, close } = await syntheticBase(device, model, bits);
  try {
    const batch = syntheticBatch(model.vocabularySize, rows, rowTokens);
    const tokens = batch.ids.length;
    const { ms, encodeMs, breakdown } = await measure(device, base, batch, steps);
    const peak_bytes = device.peak;
    const flops = usefulFlops(model, benchLora, batch);
    const long = ms >= longStepMs;
    return {
      tokens,
      ms,
      tokens_per_second: tokens / ms * 1000,
      gflops: flops.total / ms / 1e6,
      ...(!long && { product_gflops: flops.products / await productsOfStep(device, base, batch) / 1e6 }),
      encode_ms: encodeMs,
      breakdown,
      peak_bytes,
    };
  } finally {
    close();
  }
}
