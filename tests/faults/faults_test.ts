// Faults by seed (faults.ts) against the real program, a few of each kind; `deno task faults` plays more.
import { cleanRun, type Ending, kindsOfFaults, playSeed } from "./faults.ts";

let clean: Promise<Ending> | undefined;

for (const [seed, kind] of kindsOfFaults.entries()) {
  Deno.test(`after ${kind} the next run ends with the digests of a run that nothing disturbed (seed ${seed})`, async () => {
    clean ??= cleanRun();
    await playSeed(seed, await clean);
  });
}
