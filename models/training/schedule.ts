/** How the learning rate falls after warm-up: in a line to 0, or along half a cosine to a share of its peak. */
export const SCHEDULES = ["linear", "cosine"] as const;

/** How the learning rate falls after warm-up. */
export type ScheduleName = (typeof SCHEDULES)[number];

/** A learning rate over the steps of a training. */
export interface Schedule {
  readonly schedule: ScheduleName;
  /** The highest learning rate, reached after warm-up. */
  readonly learningRate: number;
  /** Steps over which it rises from 0. */
  readonly warmupSteps: number;
  /** Share of the highest rate that the cosine ends at; a line ends at 0. */
  readonly minimumRatio: number;
}

/**
 * The warm-up of a training of so many steps: what was asked for, or, where that leaves no step after it, a tenth of the
 * steps. A training that ends within its warm-up would hardly learn: the first step has the rate 0.
 */
export function warmupOf(warmupSteps: number, total: number): number {
  return warmupSteps < total ? warmupSteps : Math.floor(total / 10);
}

/**
 * The learning rate of an optimizer step, counted from 0, of `total`: linear warm-up from 0, then linear decay to 0 at
 * `total` as transformers' get_linear_schedule_with_warmup, or half a cosine down to a share of the peak as its
 * get_cosine_with_min_lr_schedule_with_warmup.
 */
export function learningRateOf(
  step: number,
  { schedule, learningRate, warmupSteps, minimumRatio }: Schedule,
  total: number,
): number {
  if (step < warmupSteps) return learningRate * step / Math.max(1, warmupSteps);
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, total - warmupSteps));
  if (schedule === "linear") return learningRate * Math.max(0, (total - step) / Math.max(1, total - warmupSteps));
  return learningRate * (minimumRatio + (1 - minimumRatio) * (1 + Math.cos(Math.PI * progress)) / 2);
}
