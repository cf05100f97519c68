import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parseCommand } from "../../../tasks/cli/command.ts";
import { VERSION_LINE } from "../../../tasks/cli/version.ts";
import { repository, runTask } from "../children.ts";

const shape = { task: "try", usage: "", description: "Tries.", groups: [] };

Deno.test("--version prints the version of deno.json, whatever else is asked, and the help names it in both languages", () => {
  const config = JSON.parse(Deno.readTextFileSync(join(repository, "deno.json")));
  assertEquals(VERSION_LINE, `vicuna ${config.version}`);
  const { wantsHelp, help } = parseCommand(["--what", "--version"], shape, "en");
  assertEquals([wantsHelp, help], [true, VERSION_LINE]);
  assertStringIncludes(parseCommand(["--help"], shape, "en").help, "--version   show the version of this program");
  assertStringIncludes(parseCommand(["--help"], shape, "zh").help, "--version   显示本程序的版本");
});

Deno.test("a task that runs a pipeline prints the version without running one", async () => {
  const { code, stdout, stderr } = await runTask("plan", repository, ["--version"]);
  assertEquals([code, stdout, stderr], [0, `${VERSION_LINE}\n`, ""]);
});

Deno.test({
  name: "./vicuna --version prints the same, and needs no Deno",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { code, stdout } = await new Deno.Command("/bin/sh", {
      args: [join(repository, "vicuna"), "--version"],
      env: { PATH: "/usr/bin:/bin" },
      clearEnv: true,
    }).output();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, `${VERSION_LINE}\n`]);
  },
});

Deno.test("the changelog begins with the version that this is", () => {
  const [, newest] = Deno.readTextFileSync(join(repository, "CHANGELOG.md")).match(/^## (\d\S*)/m) ?? [];
  assertEquals(`vicuna ${newest}`, VERSION_LINE);
});
