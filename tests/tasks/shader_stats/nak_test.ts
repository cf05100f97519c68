import { assertAlmostEquals, assertEquals } from "@std/assert";
import { innerLoop } from "../../../tasks/shader_stats/instructions.ts";
import { nakBlocks, nakFigures } from "../../../tasks/shader_stats/nak.ts";

const text = `
block.u 0 L1 [] -> {
      ur0      = ldc.b32 c[0x1][+0x0]                         // delay=1 wr:0
} -> [1]
block 1 L0 [0, 2] -> {
      r10..14  = ld.global.a64.constant.b128 [r10..12]        // delay=5 wr:0
      r6..10   = ld.shared.a32.b128 [r5+0x10]                 // delay=1
      r2       = ffma.ftz r7 ur7 r2                           // delay=1
@!p0  r3       = ffma.ftz r8 ur8 r3                           // delay=1
      r4       = idp4.u8.u8 r8 r9 r4                          // delay=1
      ur8 up0  = iadd3 ur4 ur7 rZ                             // delay=11 wt=001000
                 st.local.a32.b32 [rZ+0x4] r9                 // delay=1
@!p0             bra L0                                       // delay=1
} -> [2, 3]
block 2 L2 [1] -> {
                 bra L0                                       // delay=1
} -> [1]
block 3 L3 [1] -> {
                 exit                                         // delay=1
} -> []
`;

Deno.test("nakBlocks() reads where blocks lead to", () => {
  assertEquals(nakBlocks(text).map(({ next }) => next), [[1], [2, 3], [1], []]);
});

Deno.test("nakBlocks() finds the operation behind its results and its condition", () => {
  const loop = innerLoop(nakBlocks(text))!;
  assertEquals([loop.instructions, loop.multiplyAdds, loop.spills], [9, 6, 1]);
  assertAlmostEquals(loop.share, 3 / 9);
  assertAlmostEquals(loop.loads, 1 / 6);
  assertAlmostEquals(loop.sharedLoads, 1 / 6);
});

Deno.test("nakFigures() gives local memory as scratch, and no spilled registers", () => {
  const statistics = { "Number of GPRs": 255, "SLM Size": 768, "Instruction count": 7120 };
  const { vectorRegisters, spilledVector, scratchBytes, instructions } = nakFigures({
    subgroupSize: 32,
    statistics,
    texts: { "NAK assembly": text },
  });
  assertEquals([vectorRegisters, spilledVector, scratchBytes, instructions], [255, null, 768, 7120]);
});
