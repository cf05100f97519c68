import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { PipelineError } from "../../../../pipeline/core/mod.ts";
import { holdOutput } from "../../../../pipeline/core/upkeep.ts";
import { inFolder } from "../../../tasks/children.ts";

Deno.test("an output folder is one run's at a time; another one is told whose, and may have it afterwards", () =>
  inFolder(async (dir) => {
    const folder = join(dir, "a/out");
    const first = await holdOutput(folder, "process 7: train quickstart");
    await assertRejects(
      () => holdOutput(folder, "process 8"),
      PipelineError,
      `writing ${folder}: another run writes into it (process 7: train quickstart). Wait for its end, or choose another`,
    );
    await using _other = await holdOutput(join(dir, "b"), "process 8");
    await first[Symbol.asyncDispose]();
    // What was made for the lock alone is gone, but not what has something in it.
    assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["b"]);
    const second = await holdOutput(folder, "process 8");
    await Deno.writeTextFile(join(folder, "result"), "");
    await second[Symbol.asyncDispose]();
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["result"]);
  }));

Deno.test("what a killed run left holds nobody up", () =>
  inFolder(async (dir) => {
    await Deno.writeTextFile(join(dir, ".vicuna-lock"), "process 7: train quickstart, since long ago");
    await using _held = await holdOutput(dir, "process 8");
    await assertRejects(() => holdOutput(dir, "process 9"), PipelineError, "(process 8)");
  }));

Deno.test("an output folder that cannot be made is said at once", () =>
  inFolder(async (dir) => {
    await Deno.writeTextFile(join(dir, "file"), "");
    await assertRejects(
      () => holdOutput(join(dir, "file/out"), "process 7"),
      PipelineError,
      `writing ${dir}/file/out: `,
    );
  }));
