// Two seeds of each kind of fault (../faults/faults.ts), for `deno task test-all`.
import { type Clean, cleanRun, kindsOfFaults, playSeed } from "../faults/faults.ts";

let clean: Clean | undefined;
Deno.test.beforeAll(async () => {
  clean = await cleanRun();
});
Deno.test.afterAll(() => clean?.[Symbol.dispose]());

for (let seed = 0; seed < 2 * kindsOfFaults.length; seed++) {
  const kind = kindsOfFaults[seed % kindsOfFaults.length];
  Deno.test(`after ${kind} the next run ends with the digests of a run that nothing disturbed (seed ${seed})`, async () => {
    await playSeed(seed, clean!);
  });
}
