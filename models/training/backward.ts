// The backward pass of a step: the steps of network.ts from the last to the first. With LoRA the base is frozen: gradients of A and B only, and nothing below the lowest
// adapted layer is touched. With `pass.full` all weights get theirs. Layers that keep no activations are computed again from
// their input, then walked backwards.
import { attentionBackward } from "../../kernels/attention/attention.ts";
import { biasGradient } from "../../kernels/layer/bias.ts";
import { crossEntropy, sumInto } from "../../kernels/loss/cross_entropy.ts";
import { embedGradient } from "../../kernels/layer/embed.ts";
import { loraExpand, loraOuter, loraReduce } from "../../kernels/lora/lora.ts";
import { productTransposed } from "../../kernels/product/product.ts";
import type { Into } from "../../kernels/product/product_into.ts";
import { normGradientRows, rmsNormBackward, rmsNormWeightGradient } from "../../kernels/layer/rms_norm.ts";
import { rope } from "../../kernels/attention/rope.ts";
import { fill, scatterRows } from "../../kernels/layer/rows.ts";
import { swigluBackward } from "../../kernels/layer/swiglu.ts";
import { firstRows, type Tensor, view } from "../../kernels/gpu/tensor.ts";
import { weightGradient } from "../../kernels/product/weight_gradient.ts";
import type { LoraTarget } from "../formats/adapter/lora_names.ts";
import {
  type Activation,
  type Heads,
  type HeadStep,
  type LayerStep,
  networkOf,
  type Operations,
  perform,
} from "../network.ts";
import {
  activation,
  cut,
  dropoutOf,
  headBuffer,
  headChunks,
  headForward,
  type HeadPlace,
  headRows,
  heads,
  type LayerPlace,
  layerRecompute,
  type Pass,
} from "./pass.ts";
import type { GradientBuffer } from "./workspace_layout.ts";

/** What flows back through a projection: the gradient of its output, and where that of its input goes (nowhere below the lowest layer). */
interface Flow {
  readonly x: Tensor;
  readonly dy: Tensor;
  readonly dx: Tensor | undefined;
  readonly into?: Into;
}

function projectBackward(pass: Pass, layer: number, target: LoraTarget, { x, dy, dx, into = "set" }: Flow): void {
  const { stream, lora, full, space } = pass;
  if (full) weightGradient(stream, dy, x, full.gradients.layers[layer]![target]);
  if (dx) productTransposed(stream, dy, pass.base.layers[layer]![target], dx, into);
  const module = lora?.module(layer, target);
  if (!module?.gradients) return;
  const h = cut(pass, space.layers[layer]![`lora_${target}`]);
  const dh = cut(pass, space.gradients!.lora);
  const dropout = dropoutOf(pass, module);
  loraOuter(stream, h, dy, module.gradients.b, lora!.scale);
  loraReduce(stream, dy, module.b, dh, lora!.scale);
  loraOuter(stream, dh, x, module.gradients.a, 1, dropout);
  if (dx) loraExpand(stream, dh, module.a, dx, 1, dropout);
}

/** A layer in a backward pass. */
interface BackPlace extends LayerPlace {
  /** Whether this is the lowest layer that is reached: of what lies before its attention, A and B alone get gradients. */
  readonly lowest: boolean;
}

/** Where the gradient of an activation lies. That of the residual stream stays in its place all the way down. */
const GRADIENTS: Readonly<Record<Activation, GradientBuffer>> = {
  x: "stream",
  normed: "normed",
  q: "q",
  k: "k",
  v: "v",
  attended: "attended",
  middle: "stream",
  normedMiddle: "normedMiddle",
  activated: "activated",
  next: "stream",
};

function gradientOf({ pass }: LayerPlace, name: Activation): Tensor {
  return cut(pass, pass.space.gradients![GRADIENTS[name]]);
}

/** Takes the gradient of a step's result on to that of its input. */
const LAYER: Operations<LayerStep, BackPlace> = {
  norm(at, { weight, from, to }) {
    const { pass, layer, lowest } = at;
    if (lowest && from === "x") return;
    const { stream, base, full } = pass;
    const { normEpsilon } = base.config;
    const [x, dy] = [activation(at, from), gradientOf(at, to)];
    if (full) rmsNormWeightGradient(stream, x, dy, full.partials, full.gradients.layers[layer]![weight], normEpsilon);
    rmsNormBackward(stream, x, base.layers[layer]![weight], dy, gradientOf(at, from), normEpsilon, true);
  },

  heads(at, { from, parts }) {
    const { pass, layer, lowest } = at;
    const x = activation(at, from);
    const dx = lowest ? undefined : gradientOf(at, from);
    for (const [i, part] of parts.entries()) {
      const dy = headNormBackward(at, part);
      const gradients = pass.full?.gradients.layers[layer];
      if (part.bias && gradients) biasGradient(pass.stream, dy, gradients[part.bias]!);
      projectBackward(pass, layer, part.target, { x, dy, dx, into: i === 0 ? "set" : "add" });
    }
  },

  attention(at, { to }) {
    const { pass } = at;
    const { stream, space, batch } = pass;
    const wide = (tensor: Tensor) => heads(pass, tensor);
    const [q, k, v] = [wide(activation(at, "q")), wide(activation(at, "k")), wide(activation(at, "v"))];
    const [dq, dk, dv] = [wide(gradientOf(at, "q")), wide(gradientOf(at, "k")), wide(gradientOf(at, "v"))];
    const result = { y: wide(activation(at, to)), stats: activation(at, "stats"), dy: wide(gradientOf(at, to)) };
    attentionBackward(stream, { q, k, v, starts: batch.starts }, result, { dq, dk, dv });
    rope(stream, dq, batch.positions, space.rope, -1);
    rope(stream, dk, batch.positions, space.rope, -1);
  },

  /** The residual's gradient is there already: it is that of the sum. */
  project(at, { target, from, to }) {
    const flow = { x: activation(at, from), dy: gradientOf(at, to), dx: gradientOf(at, from) };
    projectBackward(at.pass, at.layer, target, flow);
  },

  /** Replaces gate and up by their gradients. */
  gated(at, { gate, up, from, to }) {
    const [x, dx, dGate, dUp] = [
      activation(at, from),
      gradientOf(at, from),
      activation(at, "gate"),
      activation(at, "up"),
    ];
    swigluBackward(at.pass.stream, gradientOf(at, to), dGate, dUp);
    projectBackward(at.pass, at.layer, gate, { x, dy: dGate, dx });
    projectBackward(at.pass, at.layer, up, { x, dy: dUp, dx, into: "add" });
  },
};

/**
 * Through the norm of each query or key head, where the network has it: gives the gradient of the projection's result,
 * which takes the place of the heads after the norm; these are not needed any more.
 */
function headNormBackward(at: BackPlace, { to, norm }: Heads): Tensor {
  const dy = gradientOf(at, to);
  if (!norm) return dy;
  const { pass, layer } = at;
  const { stream, base, full } = pass;
  const { headSize, normEpsilon } = base.config;
  const y = activation(at, to);
  const [raw, gradient] = [headRows(pass, activation(at, norm.raw)), headRows(pass, dy)];
  if (full) {
    const partials = view(full.partials, full.partials.name, 0, [normGradientRows, headSize]);
    rmsNormWeightGradient(stream, raw, gradient, partials, full.gradients.layers[layer]![norm.weight]!, normEpsilon);
  }
  rmsNormBackward(stream, raw, base.layers[layer]![norm.weight]!, gradient, headRows(pass, y), normEpsilon, false);
  return y;
}

const HEAD: Operations<HeadStep, HeadPlace> = {
  norm(at) {
    const { stream, base, full } = at.pass;
    const { normEpsilon } = base.config;
    const [hidden, dNormed] = [headBuffer(at, "hidden"), headBuffer(at, "gradientNormed")];
    if (full) rmsNormWeightGradient(stream, hidden, dNormed, full.partials, full.gradients.norm, normEpsilon);
    rmsNormBackward(stream, hidden, base.norm, dNormed, headBuffer(at, "gradientHidden"), normEpsilon, false);
  },
  logits(at) {
    const { stream, base, full } = at.pass;
    const logits = headBuffer(at, "logits"); // their gradient, since the loss has put it there
    productTransposed(stream, logits, base.head, headBuffer(at, "gradientNormed"));
    if (full) weightGradient(stream, logits, headBuffer(at, "normed"), full.gradients.head);
  },
};

/** The loss and its gradient with respect to the last residual stream: metrics[at] += Σ −log p; rows without a label get 0. */
function headBackward(pass: Pass, gradientScale: number, metrics: Tensor, at: number): void {
  const { stream, base, space } = pass;
  const dStream = cut(pass, space.gradients!.stream);
  fill(stream, dStream, 0);
  for (const { rows, labels, count } of headChunks(pass)) {
    const logits = headForward(pass, rows);
    const losses = firstRows(space.head.losses, count);
    crossEntropy(stream, logits, labels, losses, base.config.vocabularySize, gradientScale);
    sumInto(stream, losses, metrics, at);
    const place = { pass, count };
    for (const step of networkOf(base.config).head.toReversed()) perform(HEAD, place, step);
    scatterRows(stream, headBuffer(place, "gradientHidden"), rows, dStream);
  }
}

/**
 * Adds the gradients of Σ −log p · gradientScale to those of LoRA or of all weights, after `forward(pass)`;
 * metrics[at] += Σ −log p. `gradientScale` is 1 / labelled tokens of the whole optimizer step.
 */
export function backward(pass: Pass, gradientScale: number, metrics: Tensor, at: number): void {
  const { stream, base, full, space, lora } = pass;
  const lowest = full ? 0 : lora!.lowestLayer;
  headBackward(pass, gradientScale, metrics, at);
  const steps = networkOf(base.config).layer.toReversed();
  for (let layer = base.config.layers - 1; layer >= lowest; layer--) {
    layerRecompute(pass, layer);
    for (const step of steps) perform(LAYER, { pass, layer, lowest: layer === lowest && !full }, step);
  }
  if (full) embedGradient(stream, full.tokens, cut(pass, space.gradients!.stream), full.gradients.embedding);
}
