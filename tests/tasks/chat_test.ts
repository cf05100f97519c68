import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type Outcome, repository, writeTinyModel } from "./children.ts";
import { inFolder } from "./children.ts";

/** Runs `deno task chat` with lines from a pipe. */
async function chat(folder: string, lines: readonly string[], args: readonly string[] = []): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(repository, "tasks/chat.ts"), "--base-model", "model", "--template", "alpaca", ...args],
    cwd: repository,
    env: { LC_ALL: "C.UTF-8", NO_COLOR: "1", INIT_CWD: folder },
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("\n")));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("chat answers what comes through a pipe, saves it, and goes on with it in another process", () =>
  inFolder(async (folder) => {
    await writeTinyModel(join(folder, "model"));
    const args = ["--max-new-tokens", "8", "--min-new-tokens", "8"];
    const first = await chat(folder, ["算1加1", "/save talk.jsonl", "red", "/params"], args);
    assertEquals(first.code, 0, first.stderr);
    assertStringIncludes(first.stderr, "1 turn saved in talk.jsonl");
    assertStringIncludes(first.stderr, "maxNewTokens 8");
    const second = await chat(folder, ["/load talk.jsonl", "red"]);
    assertEquals(second.code, 0, second.stderr);
    // The second answer is the same as it was in the first process.
    assert(first.stdout.endsWith(second.stdout) && second.stdout.length > 1, `${first.stdout}|${second.stdout}`);
    const alone = await chat(folder, ["red", "/load nothing.jsonl"], args);
    assertNotEquals(alone.stdout, second.stdout, "the history counts");
    assertEquals(alone.code, 1, "a command failed");
    assertStringIncludes(alone.stderr, "loading nothing.jsonl: ");
  }));

Deno.test("chat --help is in both languages", async () => {
  for (const [language, said] of [["en", "Talks to a model"], ["zh", "在终端中与模型对话"]] as const) {
    const { code, stdout } = await chat(".", [], ["--help", "--lang", language]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, said);
    assertStringIncludes(stdout, "--max-memory");
  }
});
