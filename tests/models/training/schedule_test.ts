import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ropeFrequencies } from "../../../models/rope_table.ts";
import { learningRateOf, warmupOf } from "../../../models/training/schedule.ts";
import { readConfig } from "../../../models/formats/config.ts";

Deno.test("learningRateOf() rises linearly over the warm-up and falls to nothing at the end", () => {
  const linear = { schedule: "linear", learningRate: 3e-4, warmupSteps: 100, minimumRatio: 0 } as const;
  assertEquals(learningRateOf(0, linear, 300), 0);
  assertAlmostEquals(learningRateOf(50, linear, 300), 1.5e-4);
  assertAlmostEquals(learningRateOf(100, linear, 300), 3e-4);
  assertAlmostEquals(learningRateOf(200, linear, 300), 1.5e-4);
  assertEquals(learningRateOf(300, linear, 300), 0);
  assertEquals(learningRateOf(0, { ...linear, warmupSteps: 0 }, 10), 3e-4);
});

Deno.test("learningRateOf() falls along half a cosine to a share of the peak and stays there", () => {
  const cosine = { schedule: "cosine", learningRate: 1e-3, warmupSteps: 10, minimumRatio: 0.1 } as const;
  assertAlmostEquals(learningRateOf(5, cosine, 110), 5e-4);
  assertAlmostEquals(learningRateOf(10, cosine, 110), 1e-3);
  assertAlmostEquals(learningRateOf(60, cosine, 110), 5.5e-4);
  assertAlmostEquals(learningRateOf(35, cosine, 110), 1e-3 * (0.1 + 0.9 * (1 + Math.SQRT1_2) / 2));
  assertAlmostEquals(learningRateOf(110, cosine, 110), 1e-4);
  assertAlmostEquals(learningRateOf(500, cosine, 110), 1e-4);
  assertEquals(learningRateOf(60, { ...cosine, schedule: "linear" }, 110), 5e-4);
});

Deno.test("warmupOf() leaves a warm-up that ends in time, and shortens one that all steps would fall into", () => {
  assertEquals([warmupOf(100, 101), warmupOf(100, 100), warmupOf(100, 12), warmupOf(100, 1)], [100, 10, 1, 0]);
  assertEquals([warmupOf(0, 5), warmupOf(0, 1)], [0, 0]);
});

Deno.test("ropeFrequencies() stretches slow pairs by LLaMA 3's factor and leaves fast ones alone", async () => {
  const config = await readConfig(new URL("../goldens/plain", import.meta.url).pathname);
  const plain = ropeFrequencies({ ...config, headSize: 64, ropeTheta: 500000 });
  const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 };
  const scaled = ropeFrequencies({ ...config, headSize: 64, ropeTheta: 500000, ropeScaling });
  assertEquals(scaled[0], plain[0]);
  assertAlmostEquals(scaled[31]! / plain[31]!, 1 / 8, 1e-12);
  const ratios = [...scaled].map((f, i) => f / plain[i]!);
  ratios.forEach((ratio, i) => assertEquals(ratio <= (ratios[i - 1] ?? 1) + 1e-12, true));
});
