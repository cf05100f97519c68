import { assertThrows } from "@std/assert";
import { attention, cachedAttention } from "../../../kernels/attention/attention.ts";
import { assertClose, byHead, everyKind, halfTensor, halves, kernelTest, Random } from "../harness.ts";
import { type AttentionCase, attentionTest, setUp } from "./attention_case.ts";
import * as reference from "../reference.ts";

const cases: AttentionCase[] = [
  { lengths: [1], heads: 1, keyHeads: 1, headSize: 4 },
  { lengths: [3, 1, 5], heads: 2, keyHeads: 1, headSize: 8, kinds: ["subgroups", "no subgroups"] },
  { lengths: [11, 2, 7], heads: 3, keyHeads: 3, headSize: 12, kinds: ["subgroups", "no subgroups"] },
  { lengths: [19], heads: 4, keyHeads: 2, headSize: 4 },
  { lengths: [7, 4], heads: 2, keyHeads: 1, headSize: 24 },
  { lengths: [37, 2, 40], heads: 1, keyHeads: 1, headSize: 4 },
  // Heads of several pieces, and threads that share out their vectors.
  { lengths: [11], heads: 1, keyHeads: 1, headSize: 128, kinds: ["graphics card"] },
];

for (const c of cases) attentionTest(c);

for (
  const c of [{ lengths: [45, 3, 70], heads: 2, keyHeads: 1, headSize: 64 }, {
    lengths: [35],
    heads: 1,
    keyHeads: 1,
    headSize: 128,
  }]
) {
  kernelTest(
    `attention() agrees with float64 over several tiles, sequences ${c.lengths}, heads of ${c.headSize}`,
    async (bench) => {
      const { q, k, v, input, y, stats, shape } = setUp(bench, c);
      attention(bench.stream, input, y, stats);
      assertClose(await bench.read(y), reference.attention(q, k, v, shape), 1e-5, "y");
    },
    everyKind,
  );
}

kernelTest("attention() stays exact with scores in the hundreds", async (bench) => {
  const { q, k, v, narrow, wide, input, y, stats, shape } = setUp(bench, {
    lengths: [20],
    heads: 2,
    keyHeads: 2,
    headSize: 8,
  });
  const large = q.map((value) => Math.fround(value * 200));
  attention(bench.stream, { ...input, q: bench.tensor(wide, large), k: bench.tensor(narrow, k) }, y, stats);
  assertClose(await bench.read(y), reference.attention(large, k, v, shape), 2e-4, "y");
});

for (const bits of [16, 32] as const) {
  const title = `cachedAttention() agrees with float64, queries after what a slot of ${bits} bits has`;
  kernelTest(title, async (bench) => {
    const [before, tokens, positions, heads, keyHeads, headSize] = [21, 19, 45, 4, 2, 24];
    const random = new Random(5);
    const wide = [tokens, heads, headSize], slot = [keyHeads, positions, headSize];
    const made = () => {
      const values = random.values(positions * keyHeads * headSize);
      return bits === 32 ? values : halves(values);
    };
    const [k, v] = [made(), made()];
    const cached = (x: Float64Array) => {
      const ordered = byHead(x, { positions, heads: keyHeads, headSize });
      return bits === 32 ? bench.tensor(slot, ordered) : halfTensor(bench, slot, ordered);
    };
    const q = random.values(tokens * heads * headSize);
    const starts = Array(tokens).fill(0);
    const input = { q: bench.tensor(wide, q), k: cached(k), v: cached(v), starts: bench.indices(starts) };
    const [y, stats] = [bench.output(wide), bench.output([tokens, heads, 2])];
    cachedAttention(bench.stream, input, y, stats, before);
    const wanted = reference.attention(q, k, v, { heads, keyHeads, headSize, starts, keyOffset: before });
    assertClose(await bench.read(y), wanted, 1e-5);
    assertThrows(() => cachedAttention(bench.stream, input, y, stats, 27), RangeError, "46 keys wanted, found 45");
  }, everyKind);
}
