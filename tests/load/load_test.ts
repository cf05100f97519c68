// The server under many clients, some of them killed (load.ts): no errors, and nothing grows.
import { assert, assertEquals } from "@std/assert";
import { growthByKills, runLoad } from "./load.ts";

Deno.test("eight clients that stream at once see no error, and they and killed ones leave nothing behind", async () => {
  const { answers, killed, errors, before, during, duringKills, after } = await runLoad({ seconds: 2, clients: 8 });
  assertEquals([errors, after.faults], [[], []]);
  assert(answers >= 8 && killed >= 8, `${answers} answers, ${killed} killed`);
  assert(during.length > 0 && during.some(({ inside }) => inside > 1), "they streamed at once");
  assertEquals([duringKills[0]?.killed, duringKills.at(-1)?.killed], [0, killed]);
  assertEquals([after.inside, after.deviceBytes], [0, before.deviceBytes]);
  // What each of so many requests left behind would show.
  assert(after.heap - before.heap < 16 * 2 ** 20, `the heap grew from ${before.heap} to ${after.heap} bytes`);
});

Deno.test("growth is told from the first measure after each thousand of killed clients to the next", () => {
  const at = (killed: number, rss: number) => {
    const [heap, reserved] = [rss / 2, 2 * rss];
    return { killed, rss, heap, reserved, external: 0, deviceBytes: 0, inside: 0, faults: [] };
  };
  const measures = [at(0, 10), at(600, 30), at(1100, 40), at(2000, 44), at(2100, 42), at(2900, 50)];
  assertEquals(growthByKills(measures, 1000), [
    { from: 0, to: 1100, rss: 30, heap: 15, reserved: 60 },
    { from: 1100, to: 2100, rss: 2, heap: 1, reserved: 4 },
  ]);
  assertEquals(growthByKills([], 1000), []);
});
