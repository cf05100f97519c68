// The server under many clients, some of them killed (../load/load.ts): no errors, and nothing grows.
import { assert, assertEquals } from "@std/assert";
import { runLoad } from "../load/load.ts";

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
