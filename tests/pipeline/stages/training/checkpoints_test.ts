import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { PipelineError } from "../../../../pipeline/core/mod.ts";
import { Checkpoints } from "../../../../pipeline/stages/training/checkpoints.ts";
import { makeUnreadable } from "../../../faults/unreadable.ts";
import { withFolder } from "../running.ts";

const write = (text: string) => (dir: string) => Deno.writeTextFile(join(dir, "weights"), text);
const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const numbered = (...steps: number[]) => steps.map((step) => `checkpoint-${step}`).sort();

async function open(folder: string, limit: number, needsBest = false) {
  const checkpoints = new Checkpoints(folder, limit);
  const warnings: string[] = [];
  const found = await checkpoints.open(needsBest, (message) => warnings.push(message));
  return { checkpoints, found: found?.step, warnings };
}

Deno.test("Checkpoints keeps the newest few, the best, and the best of each that is kept", async () => {
  await withFolder(async (folder) => {
    const { checkpoints, found } = await open(folder, 2);
    assertEquals(found, undefined);
    for (const [step, best] of [[2, 2], [4, 2], [6, 2], [8, 2]] as const) {
      await checkpoints.save(step, best, write("x"));
    }
    assertEquals(names(folder), numbered(2, 6, 8));
    await checkpoints.save(10, 10, write("x"));
    assertEquals(names(folder), numbered(2, 8, 10), "8 still needs 2");
    assertEquals((await checkpoints.kept(10)).map(({ step }) => step), [8, 10]);
    await checkpoints.save(12, 10, write("x"));
    await checkpoints.save(14, 10, write("x"));
    assertEquals(names(folder), numbered(10, 12, 14));
    assertEquals((await checkpoints.kept(10)).map(({ step }) => step), [10, 12, 14]);
    assertEquals(checkpoints.newest?.step, 14);
    assertEquals((await open(folder, 2)).found, 14);
  });
});

Deno.test("Checkpoints leaves the earlier one in place when saving fails, and forgets what a killed process left", async () => {
  await withFolder(async (folder) => {
    const { checkpoints } = await open(folder, 1);
    await checkpoints.save(1, undefined, write("one"));
    const full = async (dir: string) => {
      await write("half")(dir);
      throw new Error("No space left on device (os error 28)");
    };
    await assertRejects(() => checkpoints.save(2, undefined, full), Error, "No space left");
    assertEquals(names(folder), numbered(1));
    Deno.mkdirSync(join(folder, ".saving-of-a-killed-process"));
    assertEquals((await open(folder, 1)).found, 1);
    assertEquals(names(folder), numbered(1));
    await checkpoints.save(1, undefined, write("again"));
    assertEquals(Deno.readTextFileSync(join(folder, "checkpoint-1", "weights")), "again");
  });
});

Deno.test("Checkpoints passes over damaged ones, newest first, and over one whose best is lost where that is needed", async () => {
  await withFolder(async (folder) => {
    const { checkpoints } = await open(folder, 9);
    for (const step of [1, 2, 3, 4]) await checkpoints.save(step, step === 1 ? undefined : 2, write(`step ${step}`));
    Deno.writeTextFileSync(join(folder, "checkpoint-4", "weights"), "step 5");
    Deno.renameSync(join(folder, "checkpoint-3"), join(folder, "checkpoint-5"));
    const { found, warnings } = await open(folder, 9);
    assertEquals(found, 2);
    assertEquals(warnings, [
      "checkpoint-5 is damaged (checkpoint.json is of step 3): the one before is tried",
      "checkpoint-4 is damaged (weights is not what was saved (SHA-256 differs)): the one before is tried",
    ]);
    await checkpoints.save(6, 2, write("step 6"));
    Deno.removeSync(join(folder, "checkpoint-2"), { recursive: true });
    await assertRejects(() => checkpoints.get(2), Error, "checkpoint-2 has no checkpoint.json");
    const again = await open(folder, 9, true);
    assertEquals(again.found, 1);
    assertEquals(again.warnings, [
      "checkpoint-6 needs checkpoint-2, which is damaged (checkpoint-2 has no checkpoint.json): the one before is tried",
    ]);
  });
});

Deno.test("Checkpoints passes over what cannot be read, and names it: a bad disk, or a folder in the place of a file", async () => {
  await withFolder(async (folder) => {
    const { checkpoints } = await open(folder, 9);
    for (const step of [1, 2, 3, 4, 5]) await checkpoints.save(step, undefined, write(`step ${step}`));
    const path = (step: number, name: string) => join(folder, `checkpoint-${step}`, name);
    for (const [step, name] of [[5, "weights"], [3, "checkpoint.json"]] as const) {
      Deno.removeSync(path(step, name));
      Deno.mkdirSync(path(step, name));
    }
    using _bad = makeUnreadable([path(4, "weights"), path(2, "checkpoint.json")]);
    await assertRejects(
      () => checkpoints.get(4),
      PipelineError,
      "checkpoint-4: weights cannot be read: Input/output error (os error 5)",
    );
    const { found, warnings } = await open(folder, 9);
    assertEquals(found, 1);
    assertEquals(warnings.map((warning) => warning.replace(/: readfile .*\)/, ")")), [
      "checkpoint-5 is damaged (weights cannot be read: Is a directory (os error 21)): the one before is tried",
      "checkpoint-4 is damaged (weights cannot be read: Input/output error (os error 5)): the one before is tried",
      "checkpoint-3 is damaged (checkpoint.json cannot be read: Is a directory (os error 21)): the one before is tried",
      "checkpoint-2 is damaged (checkpoint.json cannot be read: Input/output error (os error 5)): the one before is tried",
    ]);
    assertEquals(names(folder), numbered(1));
  });
});
