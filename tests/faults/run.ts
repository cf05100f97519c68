// `deno task faults [FIRST] [LAST]`: plays seeds of faults one after the other; ends with 1 at the first that fails.
import { cleanRun, playSeed } from "./faults.ts";

const [first = 0, last = 49] = Deno.args.map(Number);
const started = performance.now();
using clean = await cleanRun();
console.log(`an undisturbed run takes ${(clean.ms / 1000).toFixed(1)} s`);
for (let seed = first; seed <= last; seed++) console.log(`seed ${seed}: ${await playSeed(seed, clean)}`);
console.log(`${last - first + 1} seeds in ${((performance.now() - started) / 1000).toFixed(0)} s, all well`);
