import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { BatchOrder, countSteps, epochOrder } from "../../../datasets/tokens/batch_order.ts";
import { permutation } from "../../../datasets/tokens/shuffle.ts";

Deno.test("epochOrder() is a permutation that seed and epoch decide", () => {
  const order = epochOrder(42, 1, 1000);
  assertEquals(order.toSorted(), Uint32Array.from({ length: 1000 }, (_, index) => index));
  assertEquals(epochOrder(42, 1, 1000), order);
  assertNotEquals(epochOrder(42, 0, 1000), order);
  assertNotEquals(epochOrder(43, 1, 1000), order);
});

Deno.test("permutation() never changes for a seed, since cached results lean on it", () => {
  assertEquals([...permutation(42, 8)], [1, 3, 4, 2, 0, 7, 6, 5]);
  assertEquals([...permutation(42, 8, 1)], [2, 5, 7, 1, 3, 6, 0, 4]);
  assertEquals([...permutation(4294967295, 8)], [7, 5, 1, 6, 4, 3, 2, 0]);
  assertThrows(() => permutation(-1, 3), RangeError, "wanted an integer from 0 to 4294967295");
  assertThrows(() => permutation(2 ** 32, 3), RangeError);
});

Deno.test("permutation() puts every item at every place about equally often", () => {
  const counts = Array.from({ length: 5 }, () => [0, 0, 0, 0, 0]);
  for (let seed = 0; seed < 5000; seed++) {
    permutation(seed, 5).forEach((item, place) => counts[place]![item]!++);
  }
  // 1000 expected, standard deviation 28.
  assertEquals(counts.flat().filter((count) => Math.abs(count - 1000) > 150), []);
});

// Where steps are counted: batch_order.ts; what leans on it: training_run.ts (warm-up, tuning), training_log.ts (epoch),
// training_steps.ts (the loss of a step is over the labelled tokens it has, however many rows those are of).
Deno.test("countSteps() counts as transformers' Trainer: the rows left over are a step too", () => {
  assertEquals(countSteps(693986 - 2000, 128, 3), { stepsPerEpoch: 5407, rowsPerStep: 128, steps: 16221 });
  assertEquals(countSteps(7, 4, 1).steps, 2);
  assertEquals(countSteps(255, 128, 3).steps, 6);
  assertEquals(countSteps(256, 128, 3).steps, 6);
  assertEquals([countSteps(30, 1, 0.1).steps, countSteps(30, 1, 0.11).steps], [3, 4]);
  assertEquals(countSteps(50, 128, 3), { stepsPerEpoch: 1, rowsPerStep: 50, steps: 3 });
  assertEquals(countSteps(100, 10, 0.5).steps, 5);
  assertEquals(countSteps(10, 10, 0.1).steps, 1);
  assertThrows(() => countSteps(0, 10, 1), RangeError);
});

Deno.test("BatchOrder takes every row once an epoch and answers for any step at any time", () => {
  const options = { rows: 10, batchSize: 3, epochs: 2, seed: 5 };
  const order = new BatchOrder(options);
  assertEquals(order.count.steps, 8);
  const steps = [0, 1, 2, 3, 4, 5, 6, 7].map((step) => [...order.rowsOf(step)]);
  assertEquals(steps.map((rows) => rows.length), [3, 3, 3, 1, 3, 3, 3, 1]);
  assertEquals(new Set(steps.slice(0, 4).flat()).size, 10);
  assertEquals(steps.slice(4).flat(), [...epochOrder(5, 1, 10)]);
  assertEquals([...new BatchOrder(options).rowsOf(4)], steps[4]);
  assertEquals([0, 3, 4, 7].map((step) => order.epochOf(step)), [0, 0, 1, 1]);
});
