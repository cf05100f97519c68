// Damage in files that are too large to be read at every hit: damage.ts, by whoever reads them.
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DamagedInputError, defineStage, inputFile, type PipelineEvent } from "../../../pipeline/core/mod.ts";
import { lines, reasons, summary, text, Workbench } from "./helpers.ts";

/** Two stages: `large` writes text.txt, `reader` reads it; `reads` counts what they did. */
function largeAndReader(path: string, reads: string[], options: { verifies?: boolean; mark?: string } = {}) {
  const large = defineStage({
    name: "large",
    version: 1,
    inputs: { source: lines },
    output: text,
    async run({ inputs, output }) {
      reads.push("large");
      const content = await Deno.readTextFile(inputs.source.path);
      await Deno.writeTextFile(join(output.dir, "text.txt"), content);
      return { length: content.length };
    },
  });
  const run = async (dir: string) => {
    reads.push("reader");
    return await Deno.readTextFile(join(dir, "text.txt"));
  };
  const reader = defineStage({
    name: options.mark ?? "reader",
    version: 1,
    inputs: { text },
    output: text,
    ...(options.verifies && { verifies: ["text" as const] }),
    async run({ inputs, output }) {
      const content = await run(inputs.text.dir);
      if (options.verifies && content !== "right") throw new DamagedInputError("text", "text.txt");
      await Deno.writeTextFile(join(output.dir, "text.txt"), content);
      return { length: content.length };
    },
  });
  return () => ({ read: reader({ text: large({ source: inputFile(lines, path, { language: "zh" }) }) }) });
}

async function flipLarge(bench: Workbench, events: readonly PipelineEvent[]): Promise<void> {
  const end = events.find((event) => event.type === "stage-end" && event.stage === "large");
  if (end?.type !== "stage-end") throw new Error("large did not end");
  const path = join(end.dir, "text.txt");
  const { mtime } = await Deno.stat(path);
  await Deno.writeTextFile(path, "wrong");
  await Deno.utime(path, mtime ?? 0, mtime ?? 0);
  bench.calls.length = 0;
}

for (const verifies of [false, true]) {
  const who = verifies ? "the stage that reads it" : "the runner";
  Deno.test(`a damaged large file is found by ${who} when it is read, set aside and computed again`, async () => {
    await using bench = new Workbench();
    const path = await bench.write("a.txt", "right");
    const reads: string[] = [];
    await bench.run(largeAndReader(path, reads, { verifies }), { largeFileBytes: 3 });
    await flipLarge(bench, bench.events);

    // Nothing needs it, so nothing reads it.
    const untouched = await bench.run(largeAndReader(path, reads, { verifies }), { largeFileBytes: 3 });
    assertEquals(summary(untouched), ["large cached", "reader cached"]);

    reads.length = 0;
    const build = largeAndReader(path, reads, { verifies, mark: "other" });
    const result = await bench.run(build, { largeFileBytes: 3 });
    assertEquals(result.stages.map(({ stage, status }) => `${stage} ${status}`).sort(), ["large ran", "other ran"]);
    assertEquals(await Deno.readTextFile(join(result.targets.read.dir, "text.txt")), "right");
    assertEquals(
      reasons(bench.events).find((reason) => reason.startsWith("large")),
      "large: its result in the cache was damaged: text.txt is not what was published (SHA-256 differs)",
    );
    assertEquals(reads.filter((name) => name === "large").length, 1);
    assertEquals([...Deno.readDirSync(join(bench.cacheDir, "quarantine"))].length, 1);
  });
}

Deno.test("a stage that finds the same input damaged again and again fails instead of going round", async () => {
  await using bench = new Workbench();
  const path = await bench.write("a.txt", "never");
  await assertRejects(
    () => bench.run(largeAndReader(path, [], { verifies: true }), { largeFileBytes: 3 }),
    DamagedInputError,
    "reading text.txt of the input text",
  );
});
