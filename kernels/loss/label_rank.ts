import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compileRows, rowGrid, rowThreads } from "../gpu/row_kernel.ts";
import type { Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import source from "./label_rank.wgsl" with { type: "text" };

/**
 * ranks (L) = how many of the first `vocabulary` columns of logits (L, V padded to 4) are likelier than the label's (L):
 * 0 where it is the first of the likeliest.
 */
export function labelRank(stream: Stream, logits: Tensor, labels: Tensor, ranks: Tensor, vocabulary: number): void {
  const [rows, stride] = logits.shape as [number, number];
  expectMultiple("label rank", "the logits' padded width", stride, 4);
  expectShape("label rank", labels, [rows]);
  expectShape("label rank", ranks, [rows]);
  const kernel = compileRows(
    stream.device,
    { name: "label_rank", source },
    {},
    rowThreads(stream.device, stride / 4),
  );
  stream.run(kernel, { labels, logits, ranks }, { rows, vocabulary, stride4: stride / 4 }, rowGrid(rows));
}
