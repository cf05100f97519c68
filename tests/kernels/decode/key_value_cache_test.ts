import { assertEquals, assertThrows } from "@std/assert";
import { copySlot, ropeStore, slotOf } from "../../../kernels/decode/key_value_cache.ts";
import type { Tensor } from "../../../kernels/gpu/tensor.ts";
import { ropeTable } from "../../../models/rope_table.ts";
import { type CacheCase, setUpCache, slotPositions } from "../cache_case.ts";
import { assertClose, type Bench, kernelTest, Random, readHalves } from "../harness.ts";
import * as reference from "../reference.ts";

async function read(bench: Bench, tensor: Tensor, bits: 16 | 32): Promise<Float64Array> {
  return bits === 32 ? Float64Array.from(await bench.read(tensor)) : await readHalves(bench, tensor);
}

for (const [heads, keyHeads, headSize, bits] of [[1, 1, 8, 32], [4, 2, 24, 16], [3, 3, 64, 32]] as const) {
  kernelTest(
    `ropeStore() turns queries, and fills a cache of ${bits} bits, for ${heads}/${keyHeads} heads of ${headSize}`,
    async (bench) => {
      const c: CacheCase = { heads, keyHeads, headSize, positions: [3, 0, 11] };
      const made = setUpCache(bench, c, bits);
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
        const at = (made.slots[row]! * slotPositions + position) * width;
        made.keys.set(turned.subarray(row * width, (row + 1) * width), at);
        made.values.set(v.subarray(row * width, (row + 1) * width), at);
      }
      const tolerance = bits === 32 ? 1e-5 : 6e-4; // float16 has 11 bits
      const others = "all others as they were";
      assertClose(await read(bench, made.cache.keys, bits), made.ordered(made.keys), tolerance, `keys, ${others}`);
      assertClose(
        await read(bench, made.cache.values, bits),
        made.ordered(made.values),
        tolerance,
        `values, ${others}`,
      );
    },
  );
}

for (const bits of [16, 32] as const) {
  kernelTest(`copySlot() makes the first tokens of a slot those of another, ${bits} bits`, async (bench) => {
    const made = setUpCache(bench, { heads: 3, keyHeads: 3, headSize: 24, positions: [0, 0] }, bits);
    const slot = slotPositions * 3 * 24;
    const tokens = 7;
    copySlot(bench.stream, made.cache, 2, 1, tokens);
    for (const x of [made.keys, made.values]) x.copyWithin(slot, 2 * slot, 2 * slot + tokens * 3 * 24);
    assertEquals(await read(bench, made.cache.keys, bits), made.ordered(made.keys));
    assertEquals(await read(bench, made.cache.values, bits), made.ordered(made.values));
    assertThrows(() => copySlot(bench.stream, made.cache, 0, 4, 1), RangeError, "1 tokens of slot 0 to 4 wanted");
    assertThrows(() => copySlot(bench.stream, made.cache, 0, 1, 91), RangeError, "found 4 of 90");
  });
}

kernelTest("slotOf() is the part of a cache that a slot has", async (bench) => {
  const made = setUpCache(bench, { heads: 1, keyHeads: 1, headSize: 32, positions: [0] });
  const slot = slotOf(made.cache.keys, 1);
  assertEquals(slot.shape, [1, slotPositions, 32]);
  assertClose(await bench.read(slot), made.ordered(made.keys).subarray(slotPositions * 32), 0);
});
