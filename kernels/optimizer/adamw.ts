import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import { compileRows, rowThreads } from "../gpu/row_kernel.ts";
import { fill } from "../layer/rows.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import { elements, type Tensor } from "../gpu/tensor.ts";
import adamwSource from "./adamw.wgsl" with { type: "text" };
import clipSource from "./clip_norm.wgsl" with { type: "text" };
import squareSource from "./square_sum.wgsl" with { type: "text" };

/** Sums that a gradient norm is gathered in; the size of the `partials` tensor. */
export const normPartials = 256;

/**
 * Writes the norm of all gradients together to metrics[at] and the factor that brings it down to `maximum` to clip[0]: at
 * most 1, −1 for a norm that is not finite. `partials` is ({@linkcode normPartials}). The size of each gradient is a
 * multiple of 4.
 */
export function clipNorm(
  stream: Stream,
  gradients: readonly Tensor[],
  partials: Tensor,
  clip: Tensor,
  metrics: Tensor,
  at: number,
  maximum: number,
): void {
  expectShape("clip norm", partials, [normPartials]);
  fill(stream, partials, 0);
  const square = compileRows(
    stream.device,
    { name: "square_sum", source: squareSource },
    {},
    rowThreads(stream.device, 128),
  );
  for (const x of gradients) {
    const count = elements(x.shape);
    expectMultiple("clip norm", "the number of gradients", count, 4);
    // Small gradients are not cut into ever smaller pieces.
    const stretches = Math.min(normPartials, Math.ceil(count / 256));
    const stretch4 = Math.ceil(count / 4 / stretches);
    stream.run(square, { x, partials }, { count4: count / 4, stretch4 }, [stretches]);
  }
  const finish = compileRows(stream.device, { name: "clip_norm", source: clipSource });
  stream.run(finish, { partials, metrics, clip }, { count: normPartials, at, maximum }, [1]);
}

/** Hyper-parameters of {@linkcode adamw}. */
export interface AdamWOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** A tensor that is trained and what the optimizer keeps for it, all (P) with P a multiple of 4. */
export interface AdamWState {
  readonly weights: Tensor;
  readonly gradients: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

/** One AdamW step, the `step`-th counted from 1, with gradients scaled by clip[0]. Leaves the gradients at zero. */
export function adamw(stream: Stream, state: AdamWState, clip: Tensor, step: number, options: AdamWOptions): void {
  const count = state.weights.shape[0]!;
  expectMultiple("adamw", "the number of weights", count, 4);
  for (const tensor of [state.gradients, state.firstMoment, state.secondMoment]) expectShape("adamw", tensor, [count]);
  const kernel = compile(stream.device, { name: "adamw", source: adamwSource });
  const uniforms = {
    count4: count / 4,
    ...options,
    correction1: 1 - options.beta1 ** step,
    rootCorrection2: Math.sqrt(1 - options.beta2 ** step),
  };
  stream.run(kernel, { ...state, clip }, uniforms, grid1d(count / 4));
}
