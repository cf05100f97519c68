import { assertEquals, assertThrows } from "@std/assert";
import { attentionPartials, decodeAttention } from "../../../kernels/decode/decode_attention.ts";
import { reshape } from "../../../kernels/gpu/tensor.ts";
import { assertClose, everyKind, kernelTest } from "../harness.ts";
import { type CacheCase, type CacheSetUp, setUpCache, slotPositions } from "../cache_case.ts";
import * as reference from "../reference.ts";

/** The attention of one row over its slot, in float64. */
function wantedRow(c: CacheCase, made: CacheSetUp, row: number, count: number): Float64Array {
  const { heads, keyHeads, headSize } = c;
  const stretch = (x: Float64Array) =>
    x.subarray(made.slots[row]! * slotPositions * keyHeads * headSize).subarray(0, count * keyHeads * headSize);
  const q = made.q.subarray(row * heads * headSize, (row + 1) * heads * headSize);
  const shape = { heads, keyHeads, headSize, starts: [0], keyOffset: count - 1 };
  return reference.attention(q, stretch(made.keys), stretch(made.values), shape);
}

const cases: CacheCase[] = [
  { heads: 1, keyHeads: 1, headSize: 4, positions: [0] },
  { heads: 2, keyHeads: 2, headSize: 8, positions: [5, 0, 40] },
  { heads: 6, keyHeads: 2, headSize: 12, positions: [17, 30] },
  { heads: 2, keyHeads: 1, headSize: 64, positions: [70, 3, 33, 31] },
  { heads: 1, keyHeads: 1, headSize: 72, positions: [37] },
];

for (const c of cases) {
  const label = `${c.heads}/${c.keyHeads} heads of ${c.headSize} at positions ${c.positions}`;
  for (const bits of c.headSize % 8 ? [32] as const : [32, 16] as const) {
    kernelTest(
      `decodeAttention() agrees with float64 for ${label}, ${bits} bits, whole and in parts`,
      async (bench) => {
        const made = setUpCache(bench, c, bits);
        const [q, rows] = [bench.tensor(made.wide, made.q), c.positions.length];
        const longest = Math.max(...c.positions) + 3;
        const wanted = Float64Array.from(
          c.positions.flatMap((position, row) => [...wantedRow(c, made, row, position + 3)]),
        );
        for (const chunk of [4096, 32]) {
          const y = bench.output(made.wide);
          const size = attentionPartials(rows, c.heads, c.headSize, longest, chunk);
          const partials = size ? bench.output([size]) : undefined;
          decodeAttention(bench.stream, q, { ...made.cache, step: 2 }, y, { longest, partials, chunk });
          assertClose(await bench.read(y), wanted, 1e-5, `chunks of ${chunk}`);
        }
      },
      everyKind,
    );
  }
}

kernelTest("decodeAttention() gives a row the same bits alone and beside longer ones", async (bench) => {
  const c: CacheCase = { heads: 2, keyHeads: 1, headSize: 64, positions: [9, 70, 33] };
  const made = setUpCache(bench, c);
  const size = 2 * 64;
  const partials = bench.output([attentionPartials(3, 2, 64, 71, 32)]);
  const y = bench.output(made.wide);
  const split = { longest: 71, partials, chunk: 32 };
  decodeAttention(bench.stream, bench.tensor(made.wide, made.q), { ...made.cache, step: 0 }, y, split);
  const all = await bench.read(y);
  for (const [row, position] of c.positions.entries()) {
    const places = reshape(bench.indices([made.slots[row]!, position]), [1, 2]);
    const q = bench.tensor([1, 2, 64], made.q.subarray(row * size, (row + 1) * size));
    const alone = bench.output([1, 2, 64]);
    decodeAttention(bench.stream, q, { ...made.cache, places, step: 0 }, alone, { ...split, longest: position + 1 });
    assertEquals(await bench.read(alone), all.subarray(row * size, (row + 1) * size), `row ${row}`);
  }
}, everyKind);

kernelTest("decodeAttention() stays exact with scores in the hundreds, and wants room for the parts", async (bench) => {
  const c: CacheCase = { heads: 1, keyHeads: 1, headSize: 8, positions: [60] };
  const made = setUpCache(bench, c);
  made.q.forEach((value, i) => made.q[i] = value * 300);
  const [q, y] = [bench.tensor(made.wide, made.q), bench.output(made.wide)];
  decodeAttention(bench.stream, q, { ...made.cache, step: 0 }, y, { longest: 61 });
  assertClose(await bench.read(y), wantedRow(c, made, 0, 61), 1e-4);
  assertThrows(
    () => decodeAttention(bench.stream, q, { ...made.cache, step: 0 }, y, { longest: 61, chunk: 32 }),
    RangeError,
    "24 values of working memory",
  );
});
