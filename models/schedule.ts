/**
 * The learning rate of an optimizer step, counted from 0, of `total`: linear warm-up from 0 over `warmup` steps, then
 * linear decay to 0 at `total`, as transformers' get_linear_schedule_with_warmup.
 */
export function learningRateAt(step: number, peak: number, warmup: number, total: number): number {
  if (step < warmup) return peak * step / Math.max(1, warmup);
  return peak * Math.max(0, (total - step) / Math.max(1, total - warmup));
}
