import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { inFolder, repository } from "./children.ts";

/** Runs the script as it would be typed, with a Deno that says there is a graphics device, so that none is ever installed. */
async function runScript(folder: string, typed: string): Promise<string> {
  const deno = join(folder, "deno");
  await Deno.writeTextFile(
    deno,
    `#!/bin/sh\nif [ "$1" = eval ]; then echo yes; else exec '${Deno.execPath()}' "$@"; fi\n`,
  );
  await Deno.chmod(deno, 0o755);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", typed],
    cwd: repository,
    env: { PATH: `${folder}:${Deno.env.get("PATH") ?? ""}`, LC_ALL: "C.UTF-8", NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "the help of a task names the script that it was started by, as it was typed",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      assertStringIncludes(await runScript(folder, "./vicuna cache --help"), "Usage: ./vicuna cache ");
      const link = join(folder, "vicuna");
      await Deno.symlink(join(repository, "vicuna"), link);
      assertStringIncludes(await runScript(folder, `${link} cache --help`), `Usage: ${link} cache `);
    }),
});
