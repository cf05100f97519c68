import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type Card, CARDS, peakMultiplyAdds } from "../../../tasks/card_model/cards.ts";
import { ASSUMED, bound, decodeShare, estimate, filled } from "../../../tasks/card_model/estimate.ts";
import type { Statistics } from "../../../tasks/card_model/statistics.ts";
import type { Work } from "../../../tasks/card_model/step_work.ts";

/** Ten units of 4 SIMDs with 32 lanes at 1 GHz: 640 billion multiply-adds a second, twice as many instructions. */
const card: Card = {
  ...{ name: "a card", target: "navi21", standsIn: false, units: 10, clock: 1, simds: 4 },
  ...{ multiplyAdds: 64, issued: 128, byteProducts: 64, sharedBytes: 64, cacheBytes: 64 },
  ...{ bandwidth: 100, memory: 8e9, registers: 256, source: "none" },
};
const statistics = (more: object): Statistics => ({
  digest: "",
  targets: {
    navi21: {
      "byte_product, 256 rows": { instructions: 0.4, loads: 0, sharedLoads: 0, spills: 0, registers: 100, fit: 4 },
      "product, 8 bits": {
        ...{ instructions: 1, loads: 0, sharedLoads: 0, spills: 0, registers: 100, fit: 4 },
        ...more,
      },
    },
  },
});
const work: Work = {
  ...{ part: "products", kernel: "product, 8 bits", multiplyAdds: 640e9, bytes: 0, dispatches: 1 },
  threads: 10 * 128 * 4,
};

Deno.test("work takes as long as the tightest of its limits lets it", () => {
  assertEquals(estimate(card, work, statistics({})), { seconds: 1, limit: "multiply-adds" });
  assertEquals(estimate(card, work, statistics({ instructions: 4 })), { seconds: 2, limit: "instructions" });
  // 16 bytes of workgroup memory for each multiply-add, of which 64 are wanted in a clock and 4 can be had.
  assertEquals(estimate(card, work, statistics({ sharedLoads: 1 })), { seconds: 16, limit: "workgroup memory" });
  assertEquals(estimate(card, work, statistics({ loads: 0.25 })), { seconds: 4, limit: "cache" });
  assertEquals(estimate(card, work, statistics({ spills: 2 })), { seconds: 8, limit: "cache" });
  const moved = { ...work, bytes: 300e9 * ASSUMED.bandwidth };
  assertEquals(estimate(card, moved, statistics({})), { seconds: 3, limit: "memory" });
  assertEquals(bound(card, moved), 300 * ASSUMED.bandwidth / 100);
  assertEquals(bound(card, work), 1);
  assertThrows(() => estimate(card, { ...work, kernel: "another" }, statistics({})), Error, "another on navi21");
});

Deno.test("products of bytes take the time of their own instructions where a card has them, forward alone", () => {
  const whole = { ...work, kernel: "product, 8 bits" };
  // Four multiply-adds an instruction: a quarter of the time, which fewer than half an instruction each would allow.
  assertAlmostEquals(estimate(card, whole, statistics({}), true).seconds, 0.25, 1e-9);
  assertAlmostEquals(estimate({ ...card, issued: 64, simds: 2 }, whole, statistics({}), true).seconds, 0.4, 1e-9);
  assertEquals(estimate({ ...card, byteProducts: 0 }, work, statistics({}), true).seconds, 1);
});

Deno.test("a card is filled by whole rounds of subgroups, and one alone on a SIMD waits", () => {
  assertEquals(filled(card, 10 * 128 * 2), 1);
  assertEquals(filled(card, 10 * 128 * 3 / 2), 0.75, "a round and a half takes as long as two");
  assertEquals(filled(card, 10 * 128), ASSUMED.alone);
  assertEquals(filled(card, 10 * 32), ASSUMED.alone / 4);
  assertEquals(estimate(card, { ...work, threads: 10 * 32 }, statistics({})).limit, "latency");
});

Deno.test("decoding reaches the bandwidth for which enough bytes are under way", () => {
  const kernel = { instructions: 1, loads: 0, sharedLoads: 0, spills: 0, registers: 32, fit: 16 };
  assertEquals(decodeShare(card, kernel, 4096), ASSUMED.bandwidth);
  // 10 subgroups of 32 threads with 32 bytes each, where 100 GB/s want 60,000 bytes in 600 ns.
  assertAlmostEquals(decodeShare(card, kernel, 80), ASSUMED.bandwidth * 10240 / 60000, 1e-9);
});

Deno.test("every card names where its figures stand, and has the peak that its maker gives", () => {
  const wanted = [13.4, 12.7, 82.6, 16.2, 61.4, 17.2, 3.6]; // TFLOP/s
  assertEquals(CARDS.map((card) => Number((2 * peakMultiplyAdds(card) / 1e12).toFixed(1))), wanted);
  for (const { name, source } of CARDS) assert(source.length > 20, name);
});
