import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compileRows, rowGrid, rowThreads } from "../gpu/row_kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import { elements, type Tensor } from "../gpu/tensor.ts";
import lossSource from "./cross_entropy.wgsl" with { type: "text" };
import sumSource from "./sum_into.wgsl" with { type: "text" };

/**
 * losses (L) = −log softmax(logits)[label] in nats, for logits (L, V padded to 4) and labels (L) below `vocabulary`.
 * With `gradientScale`, the logits become (softmax − onehot)·gradientScale, in place.
 */
export function crossEntropy(
  stream: Stream,
  logits: Tensor,
  labels: Tensor,
  losses: Tensor,
  vocabulary: number,
  gradientScale?: number,
): void {
  const [rows, stride] = logits.shape as [number, number];
  expectMultiple("cross entropy", "the logits' padded width", stride, 4);
  expectShape("cross entropy", labels, [rows]);
  expectShape("cross entropy", losses, [rows]);
  const gradient = gradientScale !== undefined;
  const kernel = compileRows(stream.device, { name: "cross_entropy", source: lossSource, readsBefore: ["logits"] }, {
    GRADIENT: gradient,
  }, rowThreads(stream.device, stride / 4));
  const uniforms = { rows, vocabulary, stride4: stride / 4, gradientScale: gradientScale ?? 0 };
  stream.run(kernel, { logits, labels, losses }, uniforms, rowGrid(rows));
}

/** y[at] += Σ x, in a fixed order. */
export function sumInto(stream: Stream, x: Tensor, y: Tensor, at: number): void {
  const kernel = compileRows(stream.device, { name: "sum_into", source: sumSource });
  stream.run(kernel, { x, y }, { count: elements(x.shape), at }, [1]);
}
