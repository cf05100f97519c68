// Writes stage_versions.json anew. Run it (`deno task pin-stages`) when the test of the stage versions says that code
// changed: after raising the version of the stage, or after making sure that its output is the same as before.
import { currentStages, PINS } from "./stage_guard.ts";

const stages = await currentStages();
await Deno.writeTextFile(PINS, JSON.stringify(stages, null, 2) + "\n");
console.log(`pinned ${Object.entries(stages).map(([name, { version }]) => `${name} ${version}`).join(", ")}`);
