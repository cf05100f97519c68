import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { repository, runDeno } from "../tasks/children.ts";

const script = (name: string) => join(repository, "tests/peers", name);

for (const [name, file] of [["peers", "compare.ts"], ["peers-generation", "generation.ts"]] as const) {
  Deno.test(`deno task ${name} --help says what can be compared`, async () => {
    const { code, stdout, stderr } = await runDeno(["run", "-A", script(file), "--help"]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, ` ${name} [options]\n`);
    assertStringIncludes(stdout, "--rounds");
  });
}

/** The processes that a process has started, by Linux's own account. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}

Deno.test({
  name: "deno task peers ends its children when it is ended",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const env = { LC_ALL: "C.UTF-8", NO_COLOR: "1" };
    const args = ["run", "-A", script("compare.ts"), "--config", "S"];
    const process = new Deno.Command(Deno.execPath(), { args, env, stdin: "null", stdout: "null", stderr: "piped" })
      .spawn();
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    let children: number[] = [];
    while (children.length === 0) {
      await pause();
      children = await childrenOf(process.pid);
    }
    process.kill("SIGTERM");
    const { code, stderr } = await process.output();
    assertEquals(code, 130, new TextDecoder().decode(stderr));
    for (const child of children) assertEquals(await Deno.stat(`/proc/${child}`).catch(() => "gone"), "gone");
  },
});
