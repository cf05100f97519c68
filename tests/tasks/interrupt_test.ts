// Ctrl-C while a stage runs, with real processes: cli/main.ts and interrupts.ts.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { TextLineStream, toText } from "@std/streams";
import type { PipelineEvent } from "../../mod.ts";
import { readRuns } from "../../pipeline/core/upkeep.ts";
import { inFolder, publishedIn, repository } from "./children.ts";

/** A stage that counts in steps; on the first Ctrl-C it saves its count, and it goes on from a saved one. */
const pipelineFile = `import { defineStage, kind, pipeline, z } from "vicuna";
const counted = kind<{ from: number; to: number }>()("counted");
const count = defineStage({
  name: "count",
  module: import.meta.url,
  inputs: {},
  params: z.object({ heedless: z.boolean() }),
  output: counted,
  async run({ params, output, scratch, progress, signal }) {
    const saved = scratch + "/count";
    const from = Number(await Deno.readTextFile(saved).catch(() => "0"));
    const total = from === 0 ? 1000 : from + 3;
    for (let done = from + 1; done <= total; done++) {
      if (done < 3 || !params.heedless) progress({ done, total, unit: "steps" });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await Deno.writeTextFile(scratch + "/alive", String(done));
      if (!signal.aborted || params.heedless) continue;
      await Deno.writeTextFile(saved, String(done));
      signal.throwIfAborted();
    }
    await Deno.writeTextFile(output.dir + "/count.txt", String(total));
    return { from, to: total };
  },
});
export default pipeline({
  options: z.object({ heedless: z.boolean().default(false) }),
  build: ({ heedless }) => ({ count: count({ heedless }) }),
});
`;

/** Starts the pipeline and waits until it counts. */
async function start(folder: string, ...args: string[]) {
  await Deno.writeTextFile(join(folder, "count.ts"), pipelineFile);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(repository, "tasks/train.ts"), "count.ts", "--json", ...args],
    cwd: repository,
    env: { LC_ALL: "C.UTF-8", NO_COLOR: "1", INIT_CWD: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = toText(child.stderr);
  const events: PipelineEvent[] = [];
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  const next = async (type: PipelineEvent["type"]) => {
    for (let line = await lines.read(); !line.done; line = await lines.read()) {
      events.push(JSON.parse(line.value));
      if (events.at(-1)?.type === type) return;
    }
  };
  await next("stage-progress");
  return {
    events,
    interrupt: () => child.kill("SIGINT"),
    async end() {
      await next("output-written");
      await lines.cancel();
      return { code: (await child.status).code, stderr: await stderr };
    },
  };
}

Deno.test("Ctrl-C lets a stage save its work, publishes nothing and exits with 130; the same command goes on", () =>
  inFolder(async (folder) => {
    const first = await start(folder);
    first.interrupt();
    const { code, stderr } = await first.end();
    assertEquals(code, 130, stderr);
    assertStringIncludes(stderr, "Ctrl-C again ends at once");
    assertEquals(publishedIn(join(folder, ".vicuna")), {});
    assertEquals([...Deno.readDirSync(join(folder, ".vicuna/staging"))], []);
    const [run] = await readRuns(join(folder, ".vicuna"));
    assertEquals([run?.status, run?.failure], ["stopped", { stage: "count", message: "stopped by the user" }]);

    const second = await start(folder);
    assertEquals((await second.end()).code, 0);
    const from = second.events.find((event) => event.type === "stage-progress");
    assert(from?.type === "stage-progress" && from.done > 1, "it began anew");
    assertEquals(await Deno.readTextFile(join(folder, "vicuna-output/count/count.txt")), String(from.total));
  }));

Deno.test("a second Ctrl-C ends at once even if the stage pays no heed", () =>
  inFolder(async (folder) => {
    const run = await start(folder, "--heedless");
    run.interrupt();
    // That it is to stop stands in its history at once.
    const asked = async () => (await readRuns(join(folder, ".vicuna")))[0]?.failure;
    for (let i = 0; i < 200 && await asked() === undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(await asked(), { stage: "count", message: "stopped by the user" });
    run.interrupt();
    const started = performance.now();
    assertEquals((await run.end()).code, 130);
    assert(performance.now() - started < 5_000, "it took its time");
    assertEquals(publishedIn(join(folder, ".vicuna")), {});
  }));

Deno.test("in the strict mode a second Ctrl-C ends the stage's own process as well", () =>
  inFolder(async (folder) => {
    const run = await start(folder, "--heedless", "--strict");
    run.interrupt();
    await new Promise((resolve) => setTimeout(resolve, 200));
    run.interrupt();
    assertEquals((await run.end()).code, 130);
    const scratch = join(folder, ".vicuna/scratch/count");
    const count = () =>
      [...Deno.readDirSync(scratch)].map(({ name }) => Deno.readTextFileSync(join(scratch, name, "alive")));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const found = count();
    assertEquals(found.length, 1);
    await new Promise((resolve) => setTimeout(resolve, 300)); // it counts every 20 ms
    assertEquals(count(), found);
  }));
