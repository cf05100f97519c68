// Whole training steps: forward, loss, backward, optimizer, on a synthetic base.
import type { Device } from "../../kernels/gpu/device.ts";
import { type KernelTime, Timings } from "../../kernels/gpu/timings.ts";
import type { WeightBits } from "../../kernels/weight/weight.ts";
import type { BaseWeights } from "../../models/base_weights.ts";
import type { MicroBatch } from "../../models/training/batch.ts";
import { type MemoryPlan, planTraining } from "../../models/training/memory_plan.ts";
import { LoraTrainer, type LoraTrainerOptions } from "../../models/training/trainer.ts";
import { defaultHeadRows } from "../../models/training/workspace_layout.ts";
import { type BenchConfig, benchLora } from "./configs.ts";
import { Meter } from "./measure.ts";
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
  readonly memory: StepMemory;
}

/** The GPU memory of a training, in bytes. */
export interface StepMemory {
  readonly planned: number;
  /** Most in use at once. */
  readonly allocated: number;
  readonly categories: MemoryPlan["categories"];
  /** Layers whose activations backward computes again, so that the rest fits. */
  readonly recomputed_layers: number;
}

/** A step that takes longer than this is measured once, without a warm-up: compiling is little beside it. */
const longStepMs = 20_000;
/** At least so many groups of steps are timed; the quickest counts. */
const leastGroups = 3;

/** How the measured trainers train. */
export const trainerOptions: Omit<LoraTrainerOptions, "tokens"> = {
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
export function labelledIn(batches: readonly MicroBatch[]): number {
  return batches.reduce((sum, { labels }) => sum + labels.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0), 0);
}

/** Takes optimizer steps over the same micro-batches, waits for them, and gives the time of one. */
export async function takeSteps(trainer: LoraTrainer, batches: readonly MicroBatch[], steps: number): Promise<Timed> {
  const labelled = labelledIn(batches);
  let encodeMs = 0;
  const timed = (record: () => void) => {
    const begin = performance.now();
    record();
    encodeMs += performance.now() - begin;
  };
  const begin = performance.now();
  for (let i = 0; i < steps; i++) {
    for (const batch of batches) {
      timed(() => trainer.accumulate(batch, labelled));
      await trainer.submit();
    }
    timed(() => trainer.step(3e-4));
  }
  const metrics = await trainer.readMetrics();
  const ms = performance.now() - begin;
  for (const { negativeLogLikelihood: loss, gradientNorm: norm } of metrics) {
    if (!Number.isFinite(loss + norm)) throw new Error(`a measured step gave loss ${loss}, gradient norm ${norm}`);
  }
  return { ms: ms / steps, encodeMs: encodeMs / steps };
}

/** How steps are measured. */
export interface StepBenchOptions {
  /** Steps that are timed together. */
  readonly steps: number;
  /** Bytes of GPU memory that the training may take. */
  readonly memory: number;
  /** Every measurement is repeated for this time. */
  readonly repeatMs: number;
}

/** Measures the steps of a trainer on `base`: a warm-up, one step by kernel, then the quickest group of steps. */
async function measure(
  base: BaseWeights,
  batch: MicroBatch,
  device: Device,
  keptLayers: number,
  options: StepBenchOptions,
) {
  const timings = Timings.of(device);
  const run = async <T>(timings: Timings | undefined, body: (trainer: LoraTrainer) => Promise<T>) => {
    const trainer = new LoraTrainer(device, base, { ...trainerOptions, tokens: batch.ids.length, keptLayers, timings });
    try {
      return await body(trainer);
    } finally {
      trainer.close();
    }
  };
  try {
    const { first, allocated, breakdown } = await run(timings, async (trainer) => {
      const first = await takeSteps(trainer, [batch], 1);
      const allocated = device.peak; // what reading the timestamps takes does not count
      if (timings && first.ms < longStepMs) {
        await timings.read(); // that was the warm-up
        await takeSteps(trainer, [batch], 1);
      }
      return { first, allocated, breakdown: await timings?.read() ?? [] };
    });
    if (first.ms >= longStepMs) return { ...first, allocated, breakdown };
    const best = await run(undefined, async (trainer) => {
      const begin = performance.now();
      let best = await takeSteps(trainer, [batch], options.steps);
      for (let group = 1; group < leastGroups || performance.now() - begin < options.repeatMs; group++) {
        const next = await takeSteps(trainer, [batch], options.steps);
        if (next.ms < best.ms) best = next;
      }
      return best;
    });
    return { ...best, allocated, breakdown };
  } finally {
    timings?.close();
  }
}

async function productTime(device: Device, base: BaseWeights, batch: MicroBatch, repeatMs: number): Promise<number> {
  const meter = new Meter(device, repeatMs);
  try {
    return await productsOfStep(meter, base, batch);
  } finally {
    meter.close();
  }
}

/**
 * Measures the training step of a configuration.
 *
 * @throws {MemoryError} when it does not fit
 */
export async function benchStep(
  device: Device,
  { model, rows, rowTokens }: BenchConfig,
  bits: WeightBits,
  options: StepBenchOptions,
): Promise<StepResult> {
  const batch = syntheticBatch(model.vocabularySize, rows, rowTokens);
  const tokens = batch.ids.length;
  const plan = planTraining(
    { config: model, bits, lora: benchLora, tokens, headRows: defaultHeadRows },
    options.memory,
  );
  device.peak = device.allocated;
  const { base, close } = await syntheticBase(device, model, bits);
  try {
    const { ms, encodeMs, allocated, breakdown } = await measure(base, batch, device, plan.keptLayers, options);
    const flops = usefulFlops(model, benchLora, batch);
    const productMs = ms >= longStepMs ? undefined : await productTime(device, base, batch, options.repeatMs);
    return {
      tokens,
      ms,
      tokens_per_second: tokens / ms * 1000,
      gflops: flops.total / ms / 1e6,
      ...(productMs !== undefined && { product_gflops: flops.products / productMs / 1e6 }),
      encode_ms: encodeMs,
      breakdown,
      memory: {
        planned: plan.total,
        allocated,
        categories: plan.categories,
        recomputed_layers: plan.recomputedLayers,
      },
    };
  } finally {
    close();
  }
}
