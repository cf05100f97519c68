// How growth is told from what a load test measured (load.ts); ../slow/load_test.ts puts load on the server.
import { assertEquals } from "@std/assert";
import { growthByKills } from "./load.ts";

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
