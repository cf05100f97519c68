import { assertEquals } from "@std/assert";
import { SlotPool } from "../../../models/generation/slot_pool.ts";
import type { Lora } from "../../../models/training/lora.ts";

const lora = { rank: 1 } as unknown as Lora;

/** Takes a slot for a prompt and lets it go with the prompt and `answer` in it. */
function use(pool: SlotPool, prompt: number[], answer: number[], by?: Lora): number {
  const { slots: [slot], reused } = pool.take(prompt, by, 1)!;
  slot!.ids = [...prompt, ...answer];
  pool.release([slot!]);
  return reused;
}

Deno.test("the slot with most of a prompt is taken, that of the same adapter only", () => {
  const pool = new SlotPool(3);
  use(pool, [1, 2, 3], [4, 5]);
  use(pool, [1, 7, 8], [9]);
  use(pool, [1, 7, 8, 9], [10], lora);
  const { slots: [slot], reused, source } = pool.take([1, 7, 8, 9, 6], undefined, 1)!;
  assertEquals([slot!.index, source.index, reused], [1, 1, 4]);
  pool.release([slot!]);
  assertEquals(pool.take([1, 7, 8, 9, 6], lora, 1)!.reused, 4);
});

Deno.test("the last token of a prompt is computed anew, since what follows it is asked for", () => {
  const pool = new SlotPool(1);
  use(pool, [1, 2, 3], []);
  assertEquals(use(pool, [1, 2, 3], []), 2);
});

Deno.test("a slot whose text has only its beginning in common is copied from, not overwritten", () => {
  const pool = new SlotPool(2);
  use(pool, [1, 2, 3, 4, 5, 6, 7, 8], []);
  const { slots, source, reused } = pool.take([1, 2, 3, 9], undefined, 1)!;
  assertEquals([slots[0]!.index, source.index, reused, slots[0]!.ids], [1, 0, 3, [1, 2, 3]]);
});

Deno.test("the slot that was let go of the longest ago is taken, and none when too few are free", () => {
  const pool = new SlotPool(3);
  const first = pool.take([1], undefined, 1)!;
  const second = pool.take([1], undefined, 2)!;
  assertEquals([pool.free, pool.take([1], undefined, 1)], [0, undefined]);
  pool.release(second.slots);
  pool.release(first.slots);
  assertEquals(pool.take([2, 3], undefined, 4), undefined);
  assertEquals(pool.take([2, 3], undefined, 2)!.slots.map(({ index }) => index), [1, 2]);
});

Deno.test("what was computed with an adapter that is freed is forgotten", () => {
  const pool = new SlotPool(1);
  use(pool, [1, 2, 3], [], lora);
  pool.forget(lora);
  assertEquals(use(pool, [1, 2, 3], [], lora), 0);
});
