import { expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { partTensors, type Weight } from "../weight/weight.ts";
import blockSource from "../weight/weight_block.wgsl" with { type: "text" };
import source from "./embed.wgsl" with { type: "text" };
import gradientSource from "./embed_gradient.wgsl" with { type: "text" };

/** y (T, C) = rows `ids` (T) of the embedding (V, C). Ids must be below V; the caller checks them. */
export function embed(stream: Stream, ids: Tensor, embedding: Weight, y: Tensor): void {
  const tokens = ids.shape[0]!;
  expectShape("embed", y, [tokens, embedding.columns]);
  const kernel = compile(stream.device, { name: "embed", source: [blockSource, source] }, { BITS: embedding.bits });
  const columns4 = embedding.columns / 4;
  for (const part of embedding.parts) {
    const { firstRow, rows } = part;
    const uniforms = { columns4, tokens, firstRow, rows };
    stream.run(kernel, { ids, ...partTensors(part), y }, uniforms, grid1d(tokens * columns4));
  }
}

/** The tokens of a micro-batch by id: the tokens of ids[i] are order[begins[i]] … order[begins[i + 1] − 1]. */
export interface TokensById<List = Tensor> {
  /** Distinct ids (D). */
  readonly ids: List;
  /** (D + 1). */
  readonly begins: List;
  /** Indices of tokens (T), rising within one id. */
  readonly order: List;
}

/** Sorts the tokens of a micro-batch by id. */
export function tokensById(ids: Uint32Array): TokensById<Uint32Array<ArrayBuffer>> {
  const order = Uint32Array.from(ids, (_, t) => t).sort((a, b) => ids[a]! - ids[b]! || a - b);
  const firsts = [...order.keys()].filter((i) => i === 0 || ids[order[i]!] !== ids[order[i - 1]!]);
  return {
    ids: Uint32Array.from(firsts, (i) => ids[order[i]!]!),
    begins: Uint32Array.of(...firsts, order.length),
    order,
  };
}

/** gradient (V, C) += dy (T, C), each row to the row of its token's id, in the order of tokens: the gradient of {@linkcode embed}. */
export function embedGradient(stream: Stream, { ids, begins, order }: TokensById, dy: Tensor, gradient: Weight): void {
  expectShape("embed gradient", dy, [order.shape[0]!, gradient.columns]);
  expectShape("embed gradient", begins, [ids.shape[0]! + 1]);
  const kernel = compile(stream.device, { name: "embed_gradient", source: gradientSource });
  const [width4, distinct] = [gradient.columns / 4, ids.shape[0]!];
  for (const { firstRow, rows, blocks } of gradient.parts) {
    const tensors = { ids, begins, order, dy, g: blocks };
    stream.run(kernel, tensors, { width4, distinct, firstRow, rows }, grid1d(distinct * width4));
  }
}
