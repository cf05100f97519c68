import { expectMultiple, expectShape } from "../gpu/check.ts";
import { compile } from "../gpu/kernel.ts";
import { grid1d, type Stream } from "../gpu/stream.ts";
import type { Tensor } from "../gpu/tensor.ts";
import source from "./rope.wgsl" with { type: "text" };

/**
 * Turns x (T, heads, D) in place by the angles of its positions (T). `table` is (positions, 2, D/2): cosines, then
 * sines. Backward is the same with `direction` −1. D must be a multiple of 8; positions must be within the table.
 */
export function rope(stream: Stream, x: Tensor, positions: Tensor, table: Tensor, direction: 1 | -1): void {
  const [tokens, heads, headSize] = x.shape as [number, number, number];
  expectMultiple("rope", "the head size", headSize, 8);
  expectShape("rope", positions, [tokens]);
  expectShape("rope", table, [-1, 2, headSize / 2]);
  // Heads of a token share the loads of its angles.
  const together = [4, 2, 1].find((n) => heads % n === 0)!;
  const kernel = compile(stream.device, { name: "rope", source, readsBefore: ["x"] }, {
    HEAD_SIZE: headSize,
    HEADS: together,
  });
  const threads = tokens * heads / together * headSize / 8;
  stream.run(kernel, { positions, table, x }, { tokens, heads, direction }, grid1d(threads));
}
