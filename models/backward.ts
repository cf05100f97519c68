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
import { cut, dropoutOf, headChunks, headForward, heads, layerRecompute, type Pass, streamAt } from "./pass.ts";

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
  const h = cut(pass, space.layer.lora![target]);
  const dh = cut(pass, space.backward!.lora);
  const dropout = dropoutOf(pass, module);
  loraOuter(stream, h, dy, module.gradients.b, lora!.scale);
  loraReduce(stream, dy, module.b, dh, lora!.scale);
  loraOuter(stream, dh, x, module.gradients.a, 1, dropout);
  if (dx) loraExpand(stream, dh, module.a, dx, 1, dropout);
}

/** Through the feed-forward part: adds to the stream's gradient. Replaces gate and up by their gradients. */
function gatedBackward(pass: Pass, layer: number): void {
  const { stream, base, space } = pass;
  const dStream = cut(pass, space.backward!.stream);
  const [dNormed, dActivated] = [cut(pass, space.backward!.normed), cut(pass, space.backward!.activated)];
  const [gate, up, normed] = [
    cut(pass, space.layer.gate),
    cut(pass, space.layer.up),
    cut(pass, space.layer.normedMiddle),
  ];
  projectBackward(pass, layer, "down_proj", { x: cut(pass, space.layer.activated), dy: dStream, dx: dActivated });
  swigluBackward(stream, dActivated, gate, up);
  projectBackward(pass, layer, "gate_proj", { x: normed, dy: gate, dx: dNormed });
  projectBackward(pass, layer, "up_proj", { x: normed, dy: up, dx: dNormed, into: "add" });
  const { post_attention_layernorm: weight } = base.layers[layer]!;
  rmsNormBackward(stream, cut(pass, space.layer.middle), weight, dNormed, dStream, base.config.normEpsilon, true);
}

/** Through attention: adds to the stream's gradient, unless this is the lowest layer, where only A and B get theirs. */
function attentionPartBackward(pass: Pass, layer: number, x: Tensor, lowest: boolean): void {
  const { stream, base, space, batch } = pass;
  const gradients = space.backward!;
  const [dStream, dNormed, dAttended] = [
    cut(pass, gradients.stream),
    cut(pass, gradients.normed),
    cut(pass, gradients.attended),
  ];
  const [dq, dk, dv] = [cut(pass, gradients.q), cut(pass, gradients.k), cut(pass, gradients.v)];
  const { normed, q, k, v, attended, stats } = space.layer;
  projectBackward(pass, layer, "o_proj", { x: cut(pass, attended), dy: dStream, dx: dAttended });
  const wide = (tensor: Tensor) => heads(pass, cut(pass, tensor));
  attentionBackward(
    stream,
    { q: wide(q), k: wide(k), v: wide(v), starts: batch.starts },
    { y: wide(attended), stats: cut(pass, stats), dy: heads(pass, dAttended) },
    { dq: heads(pass, dq), dk: heads(pass, dk), dv: heads(pass, dv) },
  );
  rope(stream, heads(pass, dq), batch.positions, space.rope, -1);
  rope(stream, heads(pass, dk), batch.positions, space.rope, -1);
  const dx = lowest ? undefined : dNormed;
  const input = cut(pass, normed);
  projectBackward(pass, layer, "q_proj", { x: input, dy: dq, dx });
  projectBackward(pass, layer, "k_proj", { x: input, dy: dk, dx, into: "add" });
  projectBackward(pass, layer, "v_proj", { x: input, dy: dv, dx, into: "add" });
  if (dx) rmsNormBackward(stream, x, base.layers[layer]!.input_layernorm, dx, dStream, base.config.normEpsilon, true);
}

/** The loss and its gradient with respect to the last residual stream: metrics[at] += Σ −log p; rows without a label get 0. */
function headBackward(pass: Pass, gradientScale: number, metrics: Tensor, at: number): void {
  const { stream, base, space } = pass;
  const dStream = cut(pass, space.backward!.stream);
  fill(stream, dStream, 0);
  for (const { rows, labels, count } of headChunks(pass)) {
    const logits = headForward(pass, rows);
    const losses = firstRows(space.head.losses, count);
    crossEntropy(stream, logits, labels, losses, base.config.vocabularySize, gradientScale);
    sumInto(stream, losses, metrics, at);
    const [dNormed, dHidden] = [
      firstRows(space.backward!.headNormed, count),
      firstRows(space.backward!.headHidden, count),
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
