// The backward pass of a step. With LoRA the base is frozen: gradients of A and B only, and nothing below the lowest
// adapted layer is touched. With `pass.full` all weights get theirs. Layers that keep no activations are computed again from
// their input, then walked backwards.
import { attentionBackward } from "../kernels/attention.ts";
import { biasGradient } from "../kernels/bias.ts";
import { crossEntropy, sumInto } from "../kernels/cross_entropy.ts";
import { embedGradient } from "../kernels/embed.ts";
import { loraExpand, loraOuter, loraReduce } from "../kernels/lora.ts";
import { type Into, productTransposed } from "../kernels/product.ts";
import { normGradientRows, rmsNormBackward, rmsNormWeightGradient } from "../kernels/rms_norm.ts";
import { rope } from "../kernels/rope.ts";
import { fill, scatterRows } from "../kernels/rows.ts";
import { swigluBackward } from "../kernels/swiglu.ts";
import { firstRows, type Tensor, view } from "../kernels/tensor.ts";
import { weightGradient } from "../kernels/weight_gradient.ts";
import type { LoraTarget } from "./formats/lora_names.ts";
import {
  activations,
  cut,
  dropoutOf,
  headChunks,
  headForward,
  headNorm,
  headRows,
  heads,
  layerRecompute,
  type Pass,
  streamAt,
} from "./pass.ts";

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

/** Through a layer's norm: adds to the stream's gradient. */
function normBackward(
  pass: Pass,
  layer: number,
  name: "input_layernorm" | "post_attention_layernorm",
  x: Tensor,
  dy: Tensor,
): void {
  const { stream, base, full, space } = pass;
  const { normEpsilon } = base.config;
  if (full) rmsNormWeightGradient(stream, x, dy, full.partials, full.gradients.layers[layer]![name], normEpsilon);
  rmsNormBackward(stream, x, base.layers[layer]![name], dy, cut(pass, space.gradients!.stream), normEpsilon, true);
}

/** Through the feed-forward part: adds to the stream's gradient. Replaces gate and up by their gradients. */
function gatedBackward(pass: Pass, layer: number): void {
  const { stream, space } = pass;
  const [dStream, dNormed, dActivated] = (["stream", "normedMiddle", "activated"] as const)
    .map((name) => cut(pass, space.gradients![name])) as [Tensor, Tensor, Tensor];
  const { gate, up, activated, middle, normedMiddle: normed } = activations(
    pass,
    layer,
    "gate",
    "up",
    "activated",
    "middle",
    "normedMiddle",
  );
  projectBackward(pass, layer, "down_proj", { x: activated, dy: dStream, dx: dActivated });
  swigluBackward(stream, dActivated, gate, up);
  projectBackward(pass, layer, "gate_proj", { x: normed, dy: gate, dx: dNormed });
  projectBackward(pass, layer, "up_proj", { x: normed, dy: up, dx: dNormed, into: "add" });
  normBackward(pass, layer, "post_attention_layernorm", middle, dNormed);
}

/**
 * Through the norm of each query or key head, where the network has it: gives the gradient of the projection's result,
 * which takes the place of the heads after the norm; these are not needed any more.
 */
function headNormBackward(pass: Pass, layer: number, target: "q_proj" | "k_proj", y: Tensor, dy: Tensor): Tensor {
  const norm = headNorm(pass, layer, target);
  if (!norm) return dy;
  const { stream, base, full } = pass;
  const { headSize, normEpsilon } = base.config;
  const [raw, gradient] = [headRows(pass, norm.raw), headRows(pass, dy)];
  if (full) {
    const partials = view(full.partials, full.partials.name, 0, [normGradientRows, headSize]);
    const weight = full.gradients.layers[layer]![target === "q_proj" ? "q_norm" : "k_norm"]!;
    rmsNormWeightGradient(stream, raw, gradient, partials, weight, normEpsilon);
  }
  rmsNormBackward(stream, raw, norm.weight, gradient, headRows(pass, y), normEpsilon, false);
  return y;
}

/** Through attention: adds to the stream's gradient, unless this is the lowest layer, where only A and B get theirs. */
function attentionPartBackward(pass: Pass, layer: number, x: Tensor, lowest: boolean): void {
  const { stream, full, space, batch } = pass;
  const gradients = space.gradients!;
  const [dStream, dNormed, dAttended] = [
    cut(pass, gradients.stream),
    cut(pass, gradients.normed),
    cut(pass, gradients.attended),
  ];
  const [dq, dk, dv] = [cut(pass, gradients.q), cut(pass, gradients.k), cut(pass, gradients.v)];
  const { normed, q, k, v, attended, stats } = activations(pass, layer, "normed", "q", "k", "v", "attended", "stats");
  projectBackward(pass, layer, "o_proj", { x: attended, dy: dStream, dx: dAttended });
  const wide = (tensor: Tensor) => heads(pass, tensor);
  attentionBackward(
    stream,
    { q: wide(q), k: wide(k), v: wide(v), starts: batch.starts },
    { y: wide(attended), stats, dy: wide(dAttended) },
    { dq: wide(dq), dk: wide(dk), dv: wide(dv) },
  );
  rope(stream, heads(pass, dq), batch.positions, space.rope, -1);
  rope(stream, heads(pass, dk), batch.positions, space.rope, -1);
  const dx = lowest ? undefined : dNormed;
  const results = {
    q_proj: headNormBackward(pass, layer, "q_proj", q, dq),
    k_proj: headNormBackward(pass, layer, "k_proj", k, dk),
    v_proj: dv,
  };
  for (const target of ["q_proj", "k_proj", "v_proj"] as const) {
    const dy = results[target];
    const bias = full && full.gradients.layers[layer]![`${target}_bias`];
    if (bias) biasGradient(stream, dy, bias);
    projectBackward(pass, layer, target, { x: normed, dy, dx, into: target === "q_proj" ? "set" : "add" });
  }
  if (dx) normBackward(pass, layer, "input_layernorm", x, dx);
}

/** The loss and its gradient with respect to the last residual stream: metrics[at] += Σ −log p; rows without a label get 0. */
function headBackward(pass: Pass, gradientScale: number, metrics: Tensor, at: number): void {
  const { stream, base, full, space } = pass;
  const { normEpsilon } = base.config;
  const dStream = cut(pass, space.gradients!.stream);
  fill(stream, dStream, 0);
  for (const { rows, labels, count } of headChunks(pass)) {
    const logits = headForward(pass, rows);
    const losses = firstRows(space.head.losses, count);
    crossEntropy(stream, logits, labels, losses, base.config.vocabularySize, gradientScale);
    sumInto(stream, losses, metrics, at);
    const [dNormed, dHidden] = [
      firstRows(space.head.gradientNormed, count),
      firstRows(space.head.gradientHidden, count),
    ];
    const hidden = firstRows(space.head.hidden, count);
    productTransposed(stream, logits, base.head, dNormed);
    if (full) {
      weightGradient(stream, logits, firstRows(space.head.normed, count), full.gradients.head);
      rmsNormWeightGradient(stream, hidden, dNormed, full.partials, full.gradients.norm, normEpsilon);
    }
    rmsNormBackward(stream, hidden, base.norm, dNormed, dHidden, normEpsilon, false);
    scatterRows(stream, dHidden, rows, dStream);
  }
}

/**
 * Adds the gradients of Σ −log p · gradientScale to those of LoRA or of all weights, after `forward(pass)`;
 * metrics[at] += Σ −log p. `gradientScale` is 1 / labelled tokens of the whole optimizer step.
 */
export function backward(pass: Pass, gradientScale: number, metrics: Tensor, at: number): void {
  const { stream, full, space, lora } = pass;
  const lowest = full ? 0 : lora!.lowestLayer;
  headBackward(pass, gradientScale, metrics, at);
  for (let layer = pass.base.config.layers - 1; layer >= lowest; layer--) {
    const x = streamAt(pass, layer);
    layerRecompute(pass, layer, x);
    gatedBackward(pass, layer);
    attentionPartBackward(pass, layer, x, layer === lowest && !full);
  }
  if (full) embedGradient(stream, full.tokens, cut(pass, space.gradients!.stream), full.gradients.embedding);
}
