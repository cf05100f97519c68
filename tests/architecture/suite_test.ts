// Which tests the two tasks run: Deno drops --ignore where another path stands before the one that it ignores in.
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { REPOSITORY } from "./repository.ts";

/** The tests that a task of ours runs among two, of which one is a slow one. */
async function ranBy(task: string): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(REPOSITORY, "deno.json")));
  const folder = await Deno.makeTempDir({ prefix: "vicuna-suite-" });
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ tasks: { [task]: tasks[task].command } }));
    for (const name of ["slow", "quick"]) {
      await Deno.mkdir(join(folder, "tests", name), { recursive: true });
      await Deno.writeTextFile(join(folder, "tests", name, "a_test.ts"), `Deno.test("a ${name} one", () => {});`);
    }
    const path = [join(Deno.execPath(), ".."), Deno.env.get("PATH")].join(Deno.build.os === "windows" ? ";" : ":");
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["task", task],
      cwd: folder,
      env: { NO_COLOR: "1", PATH: path },
      stderr: "null",
    }).output();
    return [...new TextDecoder().decode(stdout).matchAll(/a (\w+) one \.\.\. ok/g)].map(([, name]) => name!).sort();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("test leaves the slow tests out, test-all runs them as well", async () => {
  assertEquals(await ranBy("test"), ["quick"]);
  assertEquals(await ranBy("test-all"), ["quick", "slow"]);
});
