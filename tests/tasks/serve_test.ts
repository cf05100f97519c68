import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import OpenAI, { BadRequestError } from "openai";
import { inFolder, repository, runDeno, writeTinyModel } from "./children.ts";

const serveTask = join(repository, "tasks/serve.ts");

/** Runs a test against `deno task serve` with a tiny real model, then interrupts it. */
async function withServe(args: readonly string[], run: (url: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await writeTinyModel(join(folder, "model"));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", serveTask, "--base-model", "model", "--port", "0", ...args],
      env: { LC_ALL: "C.UTF-8", NO_COLOR: "1", INIT_CWD: folder },
      ...{ cwd: repository, stdin: "null", stdout: "piped", stderr: "null" },
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    try {
      const [url] = /http:\S+/.exec((await reader.read()).value ?? "") ?? [];
      assert(url !== undefined, "it says where it serves");
      await run(url);
    } finally {
      child.kill("SIGINT");
      await reader.cancel();
      const { code } = await child.status;
      assertEquals(code, 0, "Ctrl-C is the ordinary end");
    }
  });
}

Deno.test("a real model answers the official client: by seed, whole or in pieces, with true log-probabilities", () =>
  withServe(["--slots", "2", "--api-key", "sesame"], async (url) => {
    const client = new OpenAI({ baseURL: `${url}v1`, apiKey: "sesame", maxRetries: 0 });
    const { data: [model] } = await client.models.list();
    assertEquals(model?.id, "model");
    const ask = (seed: number, more: object = {}) =>
      client.completions.create({ model: "model", prompt: "red", max_tokens: 12, seed, ...more });
    const text = async (seed: number, more: object = {}) => (await ask(seed, more)).choices[0]?.text;
    const one = await text(1);
    assertEquals(await text(1), one);
    assertNotEquals(await text(2), one);
    let streamed = "";
    const body = { model: "model", prompt: "red", max_tokens: 12, seed: 1, stream: true } as const;
    for await (const { choices } of await client.completions.create(body)) streamed += choices[0]?.text ?? "";
    assertEquals(streamed, one);
    const { choices: [first, second] } = await ask(1, { n: 2 });
    assertEquals([first?.text, second?.text], [one, await text(2)]);

    const { choices: [told], usage } = await ask(1, { temperature: 0, logprobs: 2 });
    assertEquals(told?.logprobs?.token_logprobs?.length, usage?.completion_tokens);
    for (const [i, top] of (told?.logprobs?.top_logprobs ?? []).entries()) {
      // Greedy: the token is the likeliest one.
      assertEquals(Math.max(...Object.values(top)), told?.logprobs?.token_logprobs?.[i]);
      assert(Object.values(top).reduce((sum, each) => sum + Math.exp(each), 0) < 1);
    }
    await assertRejects(() => ask(1, { num_beams: 3 }), BadRequestError, "3 beams need as many slots");
    await assertRejects(() => text(1, { prompt: "", max_tokens: 0 }), BadRequestError, "max_tokens");
  }));

Deno.test("serve --help is in both languages; an address that others can reach wants a key", async () => {
  for (const [language, said] of [["en", "Serves a page"], ["zh", "提供与模型对话的网页"]] as const) {
    const { code, stdout } = await runDeno(["run", "-A", serveTask, "--help", "--lang", language]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, said);
    assertStringIncludes(stdout, "--api-key");
  }
  const { code, stderr } = await runDeno(["run", "-A", serveTask, "--host", "0.0.0.0"], { VICUNA_API_KEY: "" });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "give --api-key");
});

Deno.test("serve says which port is in use, and how to have another", () =>
  inFolder(async (folder) => {
    await writeTinyModel(join(folder, "model"));
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const args = ["run", "-A", serveTask, "--base-model", "model", "--port", String(port)];
    const { code, stderr } = await runDeno(args, { INIT_CWD: folder });
    assertEquals(code, 1);
    assertStringIncludes(stderr, `serve: 127.0.0.1:${port} is in use; choose another with --port`);
  }));
