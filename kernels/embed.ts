import { expectShape } from "./check.ts";
import { compile } from "./kernel.ts";
import { grid1d, type Stream } from "./stream.ts";
import type { Tensor } from "./tensor.ts";
import type { Weight } from "./weight.ts";
import source from "./embed.wgsl" with { type: "text" };

/** y (T, C) = rows `ids` (T) of the embedding (V, C). Ids must be below V; the caller checks them. */
export function embed(stream: Stream, ids: Tensor, embedding: Weight, y: Tensor): void {
  const tokens = ids.shape[0]!;
  expectShape("embed", y, [tokens, embedding.columns]);
  const kernel = compile(stream.device, { name: "embed", source }, { BITS: embedding.bits });
  const width4 = embedding.columns / 4;
  for (const { firstRow, rows, blocks, scales } of embedding.parts) {
    const tensors = { ids, blocks, y, ...(scales && { scales }) };
    stream.run(kernel, tensors, { width4, tokens, firstRow, rows }, grid1d(tokens * width4));
  }
}
