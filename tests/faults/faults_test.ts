// Faults by seed (faults.ts) against the real program, some kinds of them; `deno task test-all` plays all, `deno task faults` more.
import { type Clean, cleanRun, kindsOfFaults, playSeed } from "./faults.ts";

let clean: Clean | undefined;
Deno.test.beforeAll(async () => {
  clean = await cleanRun();
});
Deno.test.afterAll(() => clean?.[Symbol.dispose]());

/** Kinds that the suite plays: what happens most. */
const usual = ["kills", "full disk"];

for (const [seed, kind] of kindsOfFaults.entries()) {
  if (!usual.includes(kind)) continue;
  Deno.test(`after ${kind} the next run ends with the digests of a run that nothing disturbed (seed ${seed})`, async () => {
    await playSeed(seed, clean!);
  });
}
