import { assertEquals } from "@std/assert";
import { type Block, innerLoop } from "../../../tasks/shader_stats/instructions.ts";

/** A block with so many multiply-adds and other instructions. */
function block(multiplyAdds: number, others: number, ...next: number[]): Block {
  const adds = Array.from({ length: multiplyAdds }, () => ({ kind: "multiplyAdd", multiplyAdds: 1 }) as const);
  const rest = Array.from({ length: others }, () => ({ kind: "other", multiplyAdds: 0 }) as const);
  return { instructions: [...adds, ...rest], next };
}

const counts = (blocks: readonly Block[]) => {
  const loop = innerLoop(blocks);
  return loop && [loop.multiplyAdds, loop.instructions];
};

Deno.test("innerLoop() takes the loop that computes most, without those within it", () => {
  const outer = [block(0, 1, 1), block(4, 2, 2), block(16, 4, 2, 3), block(0, 3, 1, 4), block(0, 1)];
  assertEquals(counts(outer), [16, 20]);
});

Deno.test("innerLoop() takes the loop around where the compiler unrolled the innermost one", () => {
  assertEquals(counts([block(64, 8, 1), block(0, 6, 1, 2), block(0, 2, 0, 3), block(0, 1)]), [64, 74]);
});

Deno.test("innerLoop() ends a loop at the last jump back to its beginning", () => {
  assertEquals(counts([block(2, 0, 1), block(3, 0, 0, 2), block(5, 1, 0, 3), block(100, 0)]), [10, 11]);
});

Deno.test("innerLoop() finds none where nothing loops", () => {
  assertEquals(innerLoop([block(8, 0, 1), block(8, 0)]), undefined);
});

Deno.test("innerLoop() leaves out what lies between a loop's blocks and only leaves it", () => {
  // The second block jumps out by the third, a branch that ends the shader, or on to the fourth, which goes back.
  const blocks = [block(0, 1, 1), block(0, 2, 2, 3), { ...block(0, 50), next: [] }, block(8, 1, 1)];
  assertEquals(counts(blocks), [8, 11]);
});
