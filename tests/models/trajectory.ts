// Two trainings that start alike are compared step by step: the engine's in float32, and one that counts as right.
import { assert, assertEquals } from "@std/assert";
import type { StepMetrics } from "../../models/training/trainer.ts";

/** What is compared of a step. */
export interface TrajectoryStep {
  /** −log p of its labelled tokens, summed or in the mean. */
  readonly loss: number;
  /** Norm of all gradients before clipping. */
  readonly norm: number;
}

/** The steps of an engine's training. Its losses are sums: of `labelled` tokens each where means are wanted. */
export function trajectoryOf(metrics: readonly StepMetrics[], labelled = 1): TrajectoryStep[] {
  return metrics.map(({ negativeLogLikelihood, gradientNorm }) => ({
    loss: negativeLogLikelihood / labelled,
    norm: gradientNorm,
  }));
}

/**
 * How far loss and gradient norm of a step, counted from 0, may be off, relative to what they should be.
 *
 * Before the first update there is nothing but the rounding of float32 sums, some 10⁻⁷. AdamW then moves each weight by about
 * the learning rate however small its gradient is; where that is next to nothing, rounding decides its sign. So the first
 * updates differ by 10⁻⁶ to 10⁻⁵, and what differs feeds the next step: training is chaotic, and differences grow by a factor a
 * step until the clipped, shrinking updates hold them. How long sums are added, and so where each run goes, depends on the
 * driver and its width. So a wrong gradient shows in the first steps, which are held tightly, and what is right may drift
 * later. The growth is by 1.25 a step: the largest seen on lavapipe at 128, 256 and 512 bits, and as without AVX-512, is a
 * fifth of it (1.2e-5 in step 5, 7.4e-5 in step 14, 1.1e-4 in step 21).
 */
export function stepTolerance(step: number): number {
  return step === 0 ? 2e-6 : Math.min(1e-3, 2e-5 * 1.25 ** step);
}

/**
 * How far a weight may be off after twenty or thirty steps, relative to the largest value of its tensor: they drift as the
 * steps do (seen: 1e-4). The softmax hardly changes with a bias that all keys share, so the gradients of such a bias are next
 * to nothing throughout (seen: 1.4e-3).
 */
export function trainedTolerance(name: string): number {
  return name.endsWith(".k_proj.bias") ? 1e-2 : 1e-3;
}

/** Fails unless a loss, that of a step or after so many, is within {@linkcode stepTolerance}. */
export function assertLoss(found: number, wanted: number, step: number): void {
  assertNear("loss", found, wanted, step);
}

/** Fails unless each step is within its {@linkcode stepTolerance} of the wanted one. */
export function assertTrajectory(found: readonly TrajectoryStep[], wanted: readonly TrajectoryStep[]): void {
  assertEquals(found.length, wanted.length, "steps");
  wanted.forEach(({ loss, norm }, step) => {
    assertNear("loss", found[step]!.loss, loss, step);
    assertNear("gradient norm", found[step]!.norm, norm, step);
  });
}

function assertNear(quantity: string, found: number, wanted: number, step: number): void {
  const error = Math.abs(found / wanted - 1);
  const allowed = stepTolerance(step);
  assert(
    error <= allowed,
    `${quantity} of step ${step} is ${found}, wanted ${wanted}: off by ${error.toExponential(2)}, ` +
      `${allowed.toExponential(1)} allowed`,
  );
}
