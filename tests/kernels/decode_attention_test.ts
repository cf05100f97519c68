import { assertEquals, assertThrows } from "@std/assert";
import { attentionPartials, decodeAttention, ropeStore } from "../../kernels/decode_attention.ts";
import { reshape, type Tensor } from "../../kernels/tensor.ts";
import { ropeTable } from "../../models/rope_table.ts";
import { assertClose, type Bench, everyKind, halfTensor, halves, kernelTest, Random, readHalves } from "./harness.ts";
import * as reference from "./reference.ts";

interface Case {
  readonly heads: number;
  readonly keyHeads: number;
  readonly headSize: number;
  /** Position of each row at step 0. */
  readonly positions: readonly number[];
}

const slotPositions = 90;

/** A cache of random keys and values in so many bits; row b has slot 2b + 1 of twice as many. */
function setUp(bench: Bench, { heads, keyHeads, headSize, positions }: Case, bits: 16 | 32 = 32) {
  const random = new Random(heads * headSize + positions.length);
  const rows = positions.length, total = 2 * rows * slotPositions;
  const made = () => {
    const values = random.values(total * keyHeads * headSize);
    return bits === 32 ? values : halves(values);
  };
  const [keys, values] = [made(), made()];
  const q = random.values(rows * heads * headSize);
  const bases = positions.map((_, row) => (2 * row + 1) * slotPositions);
  const places = reshape(bench.indices(positions.flatMap((position, row) => [bases[row]!, position])), [rows, 2]);
  const cached = (x: Float64Array) => {
    const shape = [total, keyHeads, headSize];
    return bits === 32 ? bench.tensor(shape, x) : halfTensor(bench, shape, x);
  };
  return {
    keys,
    values,
    q,
    bases,
    cache: { keys: cached(keys), values: cached(values), places },
    wide: [rows, heads, headSize],
  };
}

/** The attention of one row over its slot, in float64. */
function wantedRow(c: Case, made: ReturnType<typeof setUp>, row: number, count: number): Float64Array {
  const { heads, keyHeads, headSize } = c;
  const stretch = (x: Float64Array) =>
    x.subarray(made.bases[row]! * keyHeads * headSize).subarray(0, count * keyHeads * headSize);
  const q = made.q.subarray(row * heads * headSize, (row + 1) * heads * headSize);
  const shape = { heads, keyHeads, headSize, starts: [0], keyOffset: count - 1 };
  return reference.attention(q, stretch(made.keys), stretch(made.values), shape);
}

const cases: Case[] = [
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
        const made = setUp(bench, c, bits);
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
  const c: Case = { heads: 2, keyHeads: 1, headSize: 64, positions: [9, 70, 33] };
  const made = setUp(bench, c);
  const size = 2 * 64;
  const partials = bench.output([attentionPartials(3, 2, 64, 71, 32)]);
  const y = bench.output(made.wide);
  const split = { longest: 71, partials, chunk: 32 };
  decodeAttention(bench.stream, bench.tensor(made.wide, made.q), { ...made.cache, step: 0 }, y, split);
  const all = await bench.read(y);
  for (const [row, position] of c.positions.entries()) {
    const places = reshape(bench.indices([made.bases[row]!, position]), [1, 2]);
    const q = bench.tensor([1, 2, 64], made.q.subarray(row * size, (row + 1) * size));
    const alone = bench.output([1, 2, 64]);
    decodeAttention(bench.stream, q, { ...made.cache, places, step: 0 }, alone, { ...split, longest: position + 1 });
    assertEquals(await bench.read(alone), all.subarray(row * size, (row + 1) * size), `row ${row}`);
  }
}, everyKind);

kernelTest("decodeAttention() stays exact with scores in the hundreds, and wants room for the parts", async (bench) => {
  const c: Case = { heads: 1, keyHeads: 1, headSize: 8, positions: [60] };
  const made = setUp(bench, c);
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

for (const [heads, keyHeads, headSize, bits] of [[1, 1, 8, 32], [4, 2, 24, 16], [3, 3, 64, 32]] as const) {
  kernelTest(
    `ropeStore() turns queries, and fills a cache of ${bits} bits, for ${heads}/${keyHeads} heads of ${headSize}`,
    async (bench) => {
      const c: Case = { heads, keyHeads, headSize, positions: [3, 0, 11] };
      const made = setUp(bench, c, bits);
      const random = new Random(7);
      const width = keyHeads * headSize;
      const [k, v] = [random.values(3 * width), random.values(3 * width)];
      const narrow = [3, keyHeads, headSize];
      const q = bench.tensor(made.wide, made.q);
      const table = bench.tensor([32, 2, headSize / 2], ropeTable({ headSize, ropeTheta: 10000 } as never, 32));
      const step = 2;
      const positions = c.positions.map((position) => position + step);
      ropeStore(bench.stream, { q, k: bench.tensor(narrow, k), v: bench.tensor(narrow, v) }, table, {
        ...made.cache,
        step,
      });
      assertClose(await bench.read(q), reference.rope(made.q, positions, heads, headSize, 10000), 1e-5, "q");
      const turned = reference.rope(k, positions, keyHeads, headSize, 10000);
      for (const [row, position] of positions.entries()) {
        const at = (made.bases[row]! + position) * width;
        made.keys.set(turned.subarray(row * width, (row + 1) * width), at);
        made.values.set(v.subarray(row * width, (row + 1) * width), at);
      }
      const read = async (tensor: Tensor) => bits === 32 ? await bench.read(tensor) : await readHalves(bench, tensor);
      const tolerance = bits === 32 ? 1e-5 : 6e-4; // float16 has 11 bits
      assertClose(await read(made.cache.keys), made.keys, tolerance, "keys, all others as they were");
      assertClose(await read(made.cache.values), made.values, tolerance, "values, all others as they were");
    },
  );
}
