import { assertAlmostEquals, assertEquals } from "@std/assert";
import { acoBlocks, acoFigures } from "../../../tasks/shader_stats/aco.ts";
import { innerLoop } from "../../../tasks/shader_stats/instructions.ts";

/** A loop around one that computes; what lies in the outer one alone computes less. */
const text = `BB0:
	s_mov_b32 s0, 0                                             ; be800380
BB1:
	v_fma_f32 v9, v1, v2, v9                                    ; d54b0009 04260501
	ds_write_b128 v0, v[4:7]                                    ; db7c0000 00000400
BB2:
	buffer_load_dwordx4 v[4:7], v0, s[4:7], 0 offen             ; e0381000 80010400
	ds_read_b128 v[8:11], v1                                    ; dbfc0000 08000001
	v_fmac_f32_e32 v4, s12, v8                                  ; 5608100c
	v_dual_fmac_f32 v5, v1, v2 :: v_dual_mov_b32 v6, 0          ; c8000302 05060080
	v_dot4_i32_i8 v7, v1, v2, v7                                ; d7160007 1c1e0501
	v_mad_u64_u32 v[0:1], null, v2, 4, v[0:1]                   ; d5767d00 04010902
	v_readlane_b32 s4, v1, 3                                    ; d7600004 00010701
	v_writelane_b32 v9, s4, 0                                   ; d7610009 00010004
	scratch_load_dword v3, off, s1                              ; dc300000 03010000
	s_cbranch_scc1 BB2                                          ; bf85fff0
BB3:
	s_branch BB1                                                ; bf82ffe0
BB4:
	s_endpgm                                                    ; bf810000
`;

Deno.test("acoBlocks() follows jumps and labels, and what falls through", () => {
  assertEquals(acoBlocks(text).map(({ next }) => next), [[1], [2], [3], [3, 4], [5], [2], [7], []]);
});

Deno.test("acoBlocks() counts floating multiply-adds, dual ones and products of bytes, not those of addresses, and spills, not shuffles", () => {
  const loop = innerLoop(acoBlocks(text))!;
  assertEquals([loop.instructions, loop.multiplyAdds, loop.spills], [11, 6, 2]);
  assertAlmostEquals(loop.share, 3 / 11);
  assertAlmostEquals(loop.loads, 1 / 6);
  assertAlmostEquals(loop.sharedLoads, 1 / 6);
});

Deno.test("acoFigures() keeps apart what the compiler says and what it does not", () => {
  const statistics = {
    VGPRs: 120,
    SGPRs: 128,
    "Spilled VGPRs": 9,
    "Spilled SGPRs": 2,
    "Scratch size": 1024,
    "LDS size": 8192,
    "Subgroups per SIMD": 8,
    Instructions: 826,
    "Inverse Throughput": 24700,
  };
  const { blocks, ...said } = acoFigures({ subgroupSize: 64, statistics, texts: {} });
  assertEquals(blocks.flatMap(({ instructions }) => instructions), []);
  assertEquals(said, {
    vectorRegisters: 120,
    scalarRegisters: 128,
    spilledVector: 9,
    spilledScalar: 2,
    scratchBytes: 1024,
    sharedBytes: 8192,
    occupancy: 8,
    instructions: 826,
    latency: null,
    inverseThroughput: 24700,
  });
});
