import { assertAlmostEquals, assertEquals } from "@std/assert";
import { compare, mean, meanOfGroups, ratio } from "../../../../pipeline/stages/evaluation/statistics.ts";

Deno.test("mean() gives the standard error of n − 1, and none for a single value", () => {
  const { value, stderr } = mean([1, 0, 0, 1, 1]);
  assertAlmostEquals(value, 0.6, 1e-12);
  assertAlmostEquals(stderr ?? 0, Math.sqrt(0.3 / 5), 1e-12); // s² = (3 · 0.16 + 2 · 0.36) / 4
  assertEquals(mean([0.25]), { value: 0.25, stderr: null });
});

Deno.test("ratio() weighs rows by their tokens, and a row of twice the loss and tokens changes nothing of the value", () => {
  const { value, stderr } = ratio([2, 12], [1, 4]);
  assertAlmostEquals(value, 14 / 5, 1e-12);
  // residuals 2 − 2.8 and 12 − 11.2
  assertAlmostEquals(stderr ?? 0, Math.sqrt(2 * (0.64 + 0.64)) / 5, 1e-12);
  assertAlmostEquals(ratio([2, 24], [1, 8]).value, 26 / 9, 1e-12);
});

Deno.test("compare() pairs the items: an equal gain of all is certain, however much the items differ", () => {
  const { before, after, difference } = compare([1, 5, 9], [2, 6, 10]);
  assertEquals([before.value, after?.value, difference?.value], [5, 6, 1]);
  assertEquals(difference?.stderr, 0);
  assertAlmostEquals(before.stderr ?? 0, 4 / Math.sqrt(3), 1e-12);
  assertEquals(compare([1, 2], undefined).difference, undefined);
});

Deno.test("meanOfGroups() gives each group the same weight, and adds squared errors", () => {
  const groups = [compare([1, 0, 1, 1], [1, 1, 1, 1]), compare([0, 1], [0, 0])];
  const { before, after, difference } = meanOfGroups(groups);
  assertEquals([before.value, after?.value, difference?.value], [(0.75 + 0.5) / 2, 0.5, (0.25 - 0.5) / 2]);
  assertAlmostEquals(before.stderr ?? 0, Math.sqrt(0.25 ** 2 + 0.5 ** 2) / 2, 1e-12);
  assertEquals(meanOfGroups([compare([1], undefined), compare([1, 0], undefined)]).before.stderr, null);
});
