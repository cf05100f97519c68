// What a second signal does to a task: cli/main.ts, in a real process; and what one to all processes of a server does.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { inFolder, repository, writeTinyModel } from "../children.ts";
import { until } from "../serve/testing.ts";

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

/** Starts `./vicuna serve` with a tiny model, in a process group of its own, until it serves. */
async function serveIn(folder: string) {
  await writeTinyModel(join(folder, "model"));
  const child = new Deno.Command(join(repository, "vicuna"), {
    args: ["serve", "--base-model", "model", "--port", "0"],
    cwd: folder,
    env: { LC_ALL: "C.UTF-8", NO_COLOR: "1" },
    ...{ stdin: "null", stdout: "piped", stderr: "piped", detached: true },
  }).spawn();
  const said = { output: "", errors: "" };
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, name: "output" | "errors") => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) said[name] += text;
  };
  const reading = [read(child.stdout, "output"), read(child.stderr, "errors")];
  let ended = false;
  const code = child.status.then(({ code }) => {
    ended = true;
    return code;
  });
  return {
    said,
    pid: child.pid,
    ended: () => ended,
    code: () => Promise.all(reading).then(() => code),
    async [Symbol.asyncDispose]() {
      if (!ended) Deno.kill(-child.pid, "SIGKILL");
      await code;
    },
  };
}

for (const whom of ["the launcher", "the whole process group"] as const) {
  Deno.test({
    name: `a server that SIGTERM to ${whom} stops ends as at a single signal, and says so to who is still there`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      inFolder(async (folder) => {
        await using server = await serveIn(folder);
        await until(() => server.said.output.includes("\n"), "it serves");
        const address = { hostname: "127.0.0.1", port: Number(/:(\d+)\//.exec(server.said.output)?.[1]) };
        const write = (to: Deno.Conn, text: string) => to.write(new TextEncoder().encode(text));
        const asking = await Deno.connect(address);
        const head = "POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
        await write(asking, `${head}content-length: 100\r\n\r\n{`);
        await new Promise((resolve) => setTimeout(resolve, 100)); // it reads them
        Deno.kill(whom === "the launcher" ? server.pid : -server.pid, "SIGTERM");
        const answers = asking.readable.pipeThrough(new TextDecoderStream()).getReader();
        let answer = "";
        while (!answer.endsWith("}}")) answer += (await answers.read()).value ?? "}}";
        assertMatch(answer, /^HTTP\/1\.1 503 [^]*the server is stopping/);
        await new Promise((resolve) => setTimeout(resolve, 200)); // a second signal has arrived by then
        assertEquals(server.ended(), false, "as long as somebody sends a request, it waits");
        await answers.cancel(); // closes the connection
        await until(server.ended, "it ends");
        assertEquals(await server.code(), 0, server.said.errors);
        assertEquals(server.said.errors, "quantize …\n\nStopping. Ctrl-C again ends at once.\n");
      }),
  });
}
