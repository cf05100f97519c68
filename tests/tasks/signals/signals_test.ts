// What a second signal does to a task: cli/main.ts, in a real process.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { repository } from "../children.ts";

for (const [signal, saved] of [["SIGTERM", true], ["SIGINT", false]] as const) {
  const what = saved ? "is as gentle as one: a process group gets it twice" : "ends at once";
  Deno.test(`a second ${signal} ${what}`, async () => {
    const script = join(repository, "tests/tasks/signals/gentle_main.ts");
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script],
      cwd: repository,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let output = "", errors = "";
    const reading = [
      (async () => {
        for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
          output += text;
          if (output === "waiting\n") child.kill(signal);
        }
      })(),
      (async () => {
        for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
          errors += text;
          if (/Stopping/.test(text)) child.kill(signal);
        }
      })(),
    ];
    const { code } = await child.status;
    await Promise.all(reading);
    assertStringIncludes(errors, "Stopping after this step");
    assertEquals(output, saved ? "waiting\nsaved\n" : "waiting\n");
    assertEquals(code, saved ? 0 : 130);
  });
}
