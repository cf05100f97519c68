import { assert, assertEquals } from "@std/assert";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { argmax, sample } from "../../../models/generation/sampling.ts";

const logits = Float32Array.of(1, 3, 2, -5, 2.5);
const draw = (options: { temperature: number; topP: number; topK: number }, count = 2000) => {
  const random = xoroshiro128plus(5);
  const counts = new Array<number>(logits.length).fill(0);
  for (let i = 0; i < count; i++) counts[sample(logits, options, random)]!++;
  return counts.map((n) => n / count);
};

Deno.test("sample() at temperature 0 takes the most likely token, the first of equals", () => {
  assertEquals(sample(logits, { temperature: 0, topP: 1, topK: 0 }, xoroshiro128plus(1)), 1);
  assertEquals(argmax(Float32Array.of(1, 4, 4)), 1);
});

Deno.test("sample() draws in proportion to softmax(logits / temperature)", () => {
  const shares = draw({ temperature: 2, topP: 1, topK: 0 });
  const weights = [...logits].map((l) => Math.exp(l / 2));
  const total = weights.reduce((a, b) => a + b);
  shares.forEach((share, i) => assert(Math.abs(share - weights[i]! / total) < 0.04, `token ${i}: ${share}`));
});

Deno.test("sample() with top-k and top-p leaves out all less likely tokens", () => {
  assertEquals(draw({ temperature: 1, topP: 1, topK: 2 }).map((s) => s > 0), [false, true, false, false, true]);
  // Probabilities are about 0.48, 0.29 and 0.18 for the three best: 0.6 needs two of them, 0.4 one.
  assertEquals(draw({ temperature: 1, topP: 0.6, topK: 0 }).map((s) => s > 0), [false, true, false, false, true]);
  assertEquals(draw({ temperature: 1, topP: 0.4, topK: 0 }).map((s) => s > 0), [false, true, false, false, false]);
});
