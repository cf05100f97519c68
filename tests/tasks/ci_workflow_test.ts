// The commands of docs/ci/reproduce.yml, as they stand there, in a folder like a user's repository.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { inFolder, repository, writeInputs } from "./children.ts";

const pipeline = `import { alpaca, merge, modelFolder, pipeline, quantize, tokenize, train, z } from "vicuna";
export default pipeline({
  options: z.object({ steps: z.number().default(2) }),
  build({ steps }) {
    const data = merge({ sources: [alpaca(new URL("alpaca.json", import.meta.url).pathname)], validation: 2 });
    const base = quantize({ model: modelFolder(new URL("model", import.meta.url).pathname) });
    const tokens = tokenize({ data, tokenizer: base.tokenizer, maxTokens: 64 });
    return { adapter: train({ base, tokens, maxSteps: steps, batchSize: 4, warmupSteps: 0, learningRate: 0.02 }) };
  },
});
`;

Deno.test({
  name: "the commands of the workflow for CI reproduce a user's run, and refuse a change of its pipeline",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const workflow = await Deno.readTextFile(join(repository, "docs/ci/reproduce.yml"));
      const commands = [...workflow.matchAll(/- run: (deno task .*)/g)].map(([, command]) => command!);
      assertEquals(commands.length, 3);
      await writeInputs(folder);
      await Deno.writeTextFile(join(folder, "pipeline.ts"), pipeline);
      await Deno.symlink(repository, join(folder, "vicuna"));
      // The workflow has put Deno on the PATH; a machine whose Deno the script fetched has none there.
      const path = join(folder, "bin");
      await Deno.mkdir(path);
      await Deno.symlink(Deno.execPath(), join(path, "deno"));
      const run = async (command: string) => {
        const shell = new Deno.Command("sh", {
          args: ["-ec", command],
          cwd: folder,
          env: { PATH: `${path}:${Deno.env.get("PATH") ?? ""}`, LC_ALL: "C.UTF-8", NO_COLOR: "1" },
        });
        const { code, stdout, stderr } = await shell.output();
        return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
      };
      const unlocked = await run(commands[0]!.replace(" --locked", ""));
      assertEquals(unlocked.code, 0, unlocked.text);
      for (const command of commands) {
        const { code, text } = await run(command);
        assertEquals(code, 0, `${command}\n${text}`);
        if (command.includes("reproduce")) assertStringIncludes(text, "Reproduced.");
      }
      await Deno.writeTextFile(join(folder, "pipeline.ts"), pipeline.replace("0.02", "0.03"));
      const drifted = await run(commands[0]!);
      assert(drifted.code !== 0);
      assertStringIncludes(drifted.text, "train is not what the lock says: learningRate 0.02 -> 0.03");
    }),
});
