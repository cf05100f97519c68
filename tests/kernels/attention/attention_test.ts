import { assertThrows } from "@std/assert";
import { attention, attentionBackward, cachedAttention } from "../../../kernels/attention/attention.ts";
import {
  assertClose,
  type Bench,
  byHead,
  type DeviceKind,
  everyKind,
  halfTensor,
  halves,
  kernelTest,
  numericGradient,
  Random,
} from "../harness.ts";
import * as reference from "../reference.ts";

/** Lengths of the packed sequences → for each token the index of its sequence's first token. */
const startsOf = (lengths: number[]) =>
  lengths.flatMap((length, i) => Array(length).fill(lengths.slice(0, i).reduce((a, b) => a + b, 0)));

interface Case {
  readonly lengths: number[];
  readonly heads: number;
  readonly keyHeads: number;
  readonly headSize: number;
  readonly kinds?: readonly DeviceKind[];
}

function setUp(bench: Bench, { lengths, heads, keyHeads, headSize }: Case) {
  const starts = startsOf(lengths);
  const tokens = starts.length;
  const random = new Random(tokens * headSize + heads);
  const q = random.values(tokens * heads * headSize), dy = random.values(tokens * heads * headSize);
  const k = random.values(tokens * keyHeads * headSize), v = random.values(tokens * keyHeads * headSize);
  const wide = [tokens, heads, headSize], narrow = [tokens, keyHeads, headSize];
  const input = {
    q: bench.tensor(wide, q),
    k: bench.tensor(narrow, k),
    v: bench.tensor(narrow, v),
    starts: bench.indices(starts),
  };
  const y = bench.output(wide), stats = bench.output([tokens, heads, 2]);
  return { q, k, v, dy, wide, narrow, input, y, stats, shape: { heads, keyHeads, headSize, starts } };
}

const cases: Case[] = [
  { lengths: [1], heads: 1, keyHeads: 1, headSize: 4 },
  { lengths: [3, 1, 5], heads: 2, keyHeads: 1, headSize: 8 },
  { lengths: [11, 2, 7], heads: 3, keyHeads: 3, headSize: 12 },
  { lengths: [19], heads: 4, keyHeads: 2, headSize: 4 },
  { lengths: [7, 4], heads: 2, keyHeads: 1, headSize: 24 },
  { lengths: [37, 2, 40], heads: 1, keyHeads: 1, headSize: 4 },
  // Heads that several lanes share on a graphics card.
  { lengths: [7, 4], heads: 2, keyHeads: 1, headSize: 64, kinds: ["graphics card"] },
  { lengths: [11], heads: 1, keyHeads: 1, headSize: 128, kinds: ["graphics card"] },
];

/** Gradients of queries, keys and values by differences; the same on every kind of device, so computed once. */
function slopesOf(
  { q, k, v, dy, shape }: Pick<ReturnType<typeof setUp>, "q" | "k" | "v" | "dy" | "shape">,
): { dq: Float64Array; dk: Float64Array; dv: Float64Array } {
  return {
    dq: numericGradient((at) => reference.attention(at, k, v, shape), q, dy),
    dk: numericGradient((at) => reference.attention(q, at, v, shape), k, dy),
    dv: numericGradient((at) => reference.attention(q, k, at, shape), v, dy),
  };
}

for (const c of cases) {
  let slopes: ReturnType<typeof slopesOf> | undefined;
  const label = `sequences ${c.lengths}, ${c.heads}/${c.keyHeads} heads of ${c.headSize}`;
  kernelTest(`attention() and its gradients agree with float64 for ${label}`, async (bench) => {
    const made = setUp(bench, c);
    const { q, k, v, dy, wide, narrow, input, y, stats, shape } = made;
    attention(bench.stream, input, y, stats);
    assertClose(await bench.read(y), reference.attention(q, k, v, shape), 1e-5, "y");
    slopes ??= slopesOf(made);
    const [dq, dk, dv] = [bench.output(wide), bench.output(narrow), bench.output(narrow)];
    attentionBackward(bench.stream, input, { y, stats, dy: bench.tensor(wide, dy) }, { dq, dk, dv });
    assertClose(await bench.read(dq), slopes.dq, 3e-5, "dq");
    assertClose(await bench.read(dk), slopes.dk, 3e-5, "dk");
    assertClose(await bench.read(dv), slopes.dv, 3e-5, "dv");
  }, c.kinds ?? everyKind);
}

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
