import { assertEquals, assertRejects } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { runChild } from "../../../tasks/cli/child.ts";

const here = new URL("../../../tasks/cli/child.ts", import.meta.url).href;
/** Says that it runs, and would run for an hour. */
const sleeper = `console.log("pid " + Deno.pid); await new Promise((resolve) => setTimeout(resolve, 3_600_000));`;
/** As {@linkcode sleeper}, and does not end when it is asked to. */
const heedless = `Deno.addSignalListener("SIGTERM", () => {}); ${sleeper}`;

const posix = { ignore: Deno.build.os === "windows" };

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

/** Waits until a process is gone, in company of the test's own limit of time. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

Deno.test("runChild() gives input, takes output line by line, and tells code and errors", async () => {
  const lines: string[] = [];
  const script = `const text = await new Response(Deno.stdin.readable).text();
    console.log("got " + text + "\\nsecond"); console.error("oh"); Deno.exit(3);`;
  const outcome = await runChild(Deno.execPath(), ["eval", script], {
    input: "words",
    onLine: (line) => lines.push(line),
  });
  assertEquals(outcome, { code: 3, stdout: "got words\nsecond\n", stderr: "oh\n", timedOut: false });
  assertEquals(lines, ["got words", "second"]);
});

Deno.test("runChild() names a program that is not there", async () => {
  await assertRejects(() => runChild("no-such-program", []), Error, "cannot start no-such-program: ");
});

Deno.test({
  ...posix,
  name: "runChild() ends a child whose time is over",
  async fn() {
    const { code, timedOut } = await runChild(Deno.execPath(), ["eval", sleeper], { limitMs: 10 });
    assertEquals([code, timedOut], [143, true]);
  },
});

Deno.test({
  ...posix,
  name: "runChild() ends its child when it is stopped, even one that does not heed it, and throws the reason",
  async fn() {
    const controller = new AbortController();
    let pid = 0;
    const onLine = (line: string) => {
      pid = Number(line.slice(4));
      controller.abort(new Error("stopped by the test"));
    };
    const run = runChild(Deno.execPath(), ["eval", heedless], { signal: controller.signal, onLine });
    await assertRejects(() => run, Error, "stopped by the test");
    assertEquals(isAlive(pid), false);
  },
});

Deno.test({
  ...posix,
  name: "a process that leaves by Deno.exit() takes its children with it",
  async fn() {
    const script = `import { runChild } from ${JSON.stringify(here)};
      runChild(Deno.execPath(), ["eval", ${JSON.stringify(heedless)}], {
        onLine: (line) => { console.log(line); Deno.exit(130); },
      });`;
    const folder = await Deno.makeTempDir({ prefix: "vicuna-child-" });
    try {
      await Deno.writeTextFile(`${folder}/parent.ts`, script);
      const parent = new Deno.Command(Deno.execPath(), { args: ["run", "-A", `${folder}/parent.ts`], stdout: "piped" })
        .spawn();
      const lines = parent.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
      let pid = 0;
      for await (const line of lines) pid = Number(line.slice(4));
      assertEquals((await parent.status).code, 130);
      await gone(pid);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
