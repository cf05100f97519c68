// docs/ci/reproduce.yml, as it stands there, in a clone of a user's repository: with the lock that the user's training wrote.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { inFolder, repository, writeInputs } from "./children.ts";

/** A pipeline that does not run without an option, which only the lock tells the workflow. */
const pipeline = `import { alpaca, merge, modelFolder, pipeline, quantize, tokenize, train, z } from "vicuna";
export default pipeline({
  options: z.object({ steps: z.number() }),
  build({ steps }) {
    const data = merge({ sources: [alpaca(new URL("alpaca.json", import.meta.url).pathname)], validation: 2 });
    const base = quantize({ model: modelFolder(new URL("model", import.meta.url).pathname) });
    const tokens = tokenize({ data, tokenizer: base.tokenizer, maxTokens: 64 });
    return { adapter: train({ base, tokens, maxSteps: steps, batchSize: 4, warmupSteps: 0, learningRate: 0.02 }) };
  },
});
`;

/** What a user commits; the project is a submodule. */
const committed = ["pipeline.ts", "alpaca.json", "model", "vicuna.lock.json", "vicuna"];

/** The steps of the workflow's one job, in order. */
async function readSteps(): Promise<{ does: string; what: string }[]> {
  const workflow = await Deno.readTextFile(join(repository, "docs/ci/reproduce.yml"));
  const steps = [...workflow.matchAll(/^ {6}- (.*?): (.*)$/gm)].map(([, does = "", what = ""]) => ({ does, what }));
  assertEquals(steps.map(({ does }) => does), ["uses", "uses", "run", "uses", "run", "run", "run"]);
  return steps;
}

/** A folder of programs: Deno, which a step of the workflow installs, and a `sudo` that notes what it is to do. */
async function writePrograms(folder: string): Promise<string> {
  const programs = join(folder, "bin");
  await Deno.mkdir(programs);
  await Deno.symlink(Deno.execPath(), join(programs, "deno"));
  const sudo = `#!/bin/sh\necho "$@" >> ${JSON.stringify(join(folder, "sudo"))}\n`;
  await Deno.writeTextFile(join(programs, "sudo"), sudo, { mode: 0o755 });
  return programs;
}

Deno.test({
  name:
    "the workflow for CI reproduces a user's run in a clone with its lock alone, and refuses a change of its pipeline",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const [home, clone] = [join(folder, "home"), join(folder, "clone")];
      await Deno.mkdir(home);
      await writeInputs(home);
      await Deno.writeTextFile(join(home, "pipeline.ts"), pipeline);
      await Deno.symlink(repository, join(home, "vicuna"));
      const path = `${await writePrograms(folder)}:${Deno.env.get("PATH") ?? ""}`;
      const run = async (command: string, cwd: string) => {
        // `deno task` keeps an INIT_CWD that it finds, and `./vicuna test` leaves one.
        const env = { PATH: path, LC_ALL: "C.UTF-8", NO_COLOR: "1", INIT_CWD: cwd };
        const { code, stdout, stderr } = await new Deno.Command("sh", { args: ["-ec", command], cwd, env }).output();
        return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
      };
      const trained = await run("deno task --config vicuna/deno.json train $PWD/pipeline.ts --steps 2", home);
      assertEquals(trained.code, 0, trained.text);

      await Deno.mkdir(clone);
      assertEquals((await run(`cp -RP ${committed.join(" ")} ${clone}`, home)).code, 0);
      const steps = await readSteps();
      for (const { does, what } of steps) {
        // The cache of an earlier run, which a real one also finds.
        if (what.startsWith("actions/cache")) await Deno.rename(join(home, ".vicuna"), join(clone, ".vicuna"));
        if (does !== "run") continue;
        const { code, text } = await run(what, clone);
        assertEquals(code, 0, `${what}\n${text}`);
        if (what.includes(" train ")) assertStringIncludes(text, "0 computed, 4 from the cache");
        if (what.includes(" reproduce ")) assertStringIncludes(text, "Reproduced.");
      }
      assertStringIncludes(await Deno.readTextFile(join(folder, "sudo")), "mesa-vulkan-drivers");

      await Deno.writeTextFile(join(clone, "pipeline.ts"), pipeline.replace("0.02", "0.03"));
      const [locked] = steps.filter(({ what }) => what.endsWith("--locked"));
      const drifted = await run(locked!.what, clone);
      assert(drifted.code !== 0);
      assertStringIncludes(drifted.text, "train is not what the lock says: learningRate 0.02 -> 0.03");
    }),
});
