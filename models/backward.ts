// The backward pass of a LoRA step: gradients of A and B only, the base is frozen. Each layer is computed again from its
// kept input, then walked backwards; nothing below the lowest adapted layer is touched.
import { attentionBackward } from "../kernels/attention.ts";
import { crossEntropy, sumInto } from "../kernels/cross_entropy.ts";
import { loraExpand, loraOuter, loraReduce } from "../kernels/lora.ts";
import { type Into, productTransposed } from "../kernels/product.ts";
import { rmsNormBackward } from "../kernels/rms_norm.ts";
import { rope } from "../kernels/rope.ts";
import { fill, scatterRows } from "../kernels/rows.ts";
import { swigluBackward } from "../kernels/swiglu.ts";
import { firstRows, type Tensor } from "../kernels/tensor.ts";
import type { LoraTarget } from "./formats/lora_names.ts";
import {
  activations,
  cut,
  dropoutOf,
  headChunks,
  headForward,
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
  const { stream, lora, space } = pass;
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

/** Through the feed-forward part: adds to the stream's gradient. Replaces gate and up by their gradients. */
function gatedBackward(pass: Pass, layer: number): void {
  const { stream, base, space } = pass;
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
  const { post_attention_layernorm: weight } = base.layers[layer]!;
  rmsNormBackward(stream, middle, weight, dNormed, dStream, base.config.normEpsilon, true);
}

/** Through attention: adds to the stream's gradient, unless this is the lowest layer, where only A and B get theirs. */
function attentionPartBackward(pass: Pass, layer: number, x: Tensor, lowest: boolean): void {
  const { stream, base, space, batch } = pass;
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
  projectBackward(pass, layer, "q_proj", { x: normed, dy: dq, dx });
  projectBackward(pass, layer, "k_proj", { x: normed, dy: dk, dx, into: "add" });
  projectBackward(pass, layer, "v_proj", { x: normed, dy: dv, dx, into: "add" });
  if (dx) rmsNormBackward(stream, x, base.layers[layer]!.input_layernorm, dx, dStream, base.config.normEpsilon, true);
}

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
    const [dNormed, dHidden] = [
      firstRows(space.head.gradientNormed, count),
      firstRows(space.head.gradientHidden, count),
    ];
    productTransposed(stream, logits, base.head, dNormed);
    rmsNormBackward(
      stream,
      firstRows(space.head.hidden, count),
      base.norm,
      dNormed,
      dHidden,
      base.config.normEpsilon,
      false,
    );
    scatterRows(stream, dHidden, rows, dStream);
  }
}

/**
 * Adds the gradients of Σ −log p · gradientScale to LoRA's, after `forward(pass)`; metrics[at] += Σ −log p.
 * `gradientScale` is 1 / labelled tokens of the whole optimizer step.
 */
export function backward(pass: Pass, gradientScale: number, metrics: Tensor, at: number): void {
  const lowest = pass.lora!.lowestLayer;
  headBackward(pass, gradientScale, metrics, at);
  for (let layer = pass.base.config.layers - 1; layer >= lowest; layer--) {
    const x = streamAt(pass, layer);
    layerRecompute(pass, layer, x);
    gatedBackward(pass, layer);
    attentionPartBackward(pass, layer, x, layer === lowest);
  }
}
