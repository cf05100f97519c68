// Faults by seed (faults.ts) against the real program, a few of each kind; `deno task faults` plays more.
import { type Clean, cleanRun, kindsOfFaults, playSeed } from "./faults.ts";

let clean: Clean | undefined;
Deno.test.beforeAll(async () => {
  clean = await cleanRun();
});
Deno.test.afterAll(() => clean?.[Symbol.dispose]());

for (const [seed, kind] of kindsOfFaults.entries()) {
  Deno.test(`after ${kind} the next run ends with the digests of a run that nothing disturbed (seed ${seed})`, async () => {
    await playSeed(seed, clean!);
  });
}
