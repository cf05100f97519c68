// Nothing that comes from elsewhere reaches the terminal as something that it obeys. Places that print:
//   tasks/cli/main.ts             errors; and console.log, console.error of every task pass through visible()
//   tasks/cli/render/choose_renderer.ts  events of a run, with names of stages, files and folders
//   tasks/chat.ts, chat/commands.ts, generate.ts  names of models and adapters (tests/tasks/chat/chat_test.ts, generate_test.ts)
//   tasks/chat.ts, generate.ts    a model's answer goes to the terminal by itself: generation/write_answer.ts takes out what is obeyed
//   --json                        JSON escapes what it must, the rest is escaped in a way that JSON reads as the same
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { visible, visibleMessage, visibleName, visibleRecord } from "../../../../tasks/cli/render/visible.ts";
import { join } from "@std/path";
import { messagesIn } from "../../../../tasks/cli/messages.ts";
import { chooseRenderer } from "../../../../tasks/cli/render/choose_renderer.ts";
import { inFolder, repository, runTask } from "../../children.ts";

const evil = "a\x1b[2Jb\u202ec\x07\u009bd";

Deno.test("visible() shows what a terminal would obey, and leaves all else, as JSON and as text, the same", () => {
  assertEquals(visible(evil), "a\\u001b[2Jb\\u202ec\\u0007\\u009bd");
  assertEquals(visible("字 é\n\tok ▁▂ ✓"), "字 é\n\tok ▁▂ ✓");
  const json = JSON.stringify({ name: evil });
  assertEquals(JSON.parse(visible(json)), { name: evil });
  assertEquals(visibleName("a\nb\tc"), "a\\nb\\tc");
});

Deno.test("names of events and of the command line stay on their line", () => {
  const event = { type: "output-written", dir: "out\nrm", files: [evil], message: "one\ntwo" };
  assertEquals(visibleRecord(event, []), { ...event, dir: "out\\nrm", files: [visible(evil)] });
  const args = ["--data", "belle:a\nerror: b.json*2", "--output-path=x\ny"];
  assertEquals(
    visibleMessage("reading /tmp/a\nerror: b.json: no\nsecond line", args),
    "reading /tmp/a\\nerror: b.json: no\nsecond line",
  );
});

/** Fails if a text has anything that a terminal obeys, or a line that begins as one of ours. */
function expectHarmless(text: string): void {
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/.test(text), JSON.stringify(text));
  assert(!text.split("\n").some((line) => line.startsWith("error: all is lost")), text);
}

/** A name of a folder that would clear a screen, turn the direction, and fake a line. */
const evilName = `${evil}\nerror: all is lost`;

for (const isTerminal of [false, true]) {
  Deno.test(`names in the events of a run reach ${isTerminal ? "a terminal" : "a pipe"} as what can be seen`, () => {
    const { stdout } = Deno;
    const { log } = console;
    const real = { isTerminal: stdout.isTerminal, writeSync: stdout.writeSync };
    let written = "";
    try {
      console.log = (text: string) => void (written += `${text}\n`);
      Object.assign(stdout, {
        isTerminal: () => isTerminal,
        writeSync: (bytes: Uint8Array) => {
          written += new TextDecoder().decode(bytes);
          return bytes.length;
        },
      });
      const renderer = chooseRenderer(false, messagesIn("en"));
      const about = { stage: evilName, level: "warn", message: `${evil}\nsecond line` } as const;
      renderer.show({ type: "stage-log", ...about });
      renderer.show({ type: "output-written", dir: evilName, files: [evilName, "b"] });
      renderer.close();
    } finally {
      Object.assign(stdout, real);
      console.log = log;
    }
    // deno-lint-ignore no-control-regex
    expectHarmless(written.replace(/\x1b\[\d+m/g, "").replace(/\r?\x1b\[(K|J|\?\d+[hl])/g, ""));
    for (const name of [visibleName(evilName), `${visible(evil)}\nsecond line`]) assertStringIncludes(written, name);
  });
}

Deno.test("export names what it wrote without what a terminal would obey", () =>
  inFolder(async (folder) => {
    const adapter = join(repository, "tests/models/goldens/plain/qv");
    await Deno.symlink(adapter, join(folder, evilName));
    const args = ["--to", "peft", "--lora-path", evilName, "--output-path", `out${evilName}`];
    const { code, stdout, stderr } = await runTask("export", folder, args);
    assertEquals([code, stderr], [0, ""]);
    expectHarmless(stdout);
    assertStringIncludes(stdout, visibleName(`out${evilName}`));
  }));

Deno.test("runs lists a pipeline, options and a failure without what a terminal would obey in them", () =>
  inFolder(async (folder) => {
    const run = {
      ...{ format: 1, id: "20261124-084812345-a3f9", pipeline: evil, startedAt: "2026-11-24T08:48:12.345Z" },
      ...{ status: "failed", options: { baseModel: evilName }, stages: [], failure: { message: evil } },
    };
    await Deno.mkdir(join(folder, ".vicuna", "history"), { recursive: true });
    await Deno.writeTextFile(join(folder, ".vicuna", "history", `${run.id}.json`), JSON.stringify(run));
    const { code, stdout, stderr } = await runTask("runs", folder, []);
    assertEquals([code, stderr], [0, ""]);
    expectHarmless(stdout);
    assertStringIncludes(stdout, visible(evil));
  }));

Deno.test("an error about a file whose name has control characters is printed without them", () =>
  inFolder(async (folder) => {
    const args = ["--to", "peft", "--lora-path", evilName, "--output-path", "out"];
    const { code, stderr } = await runTask("export", folder, args);
    assertEquals(code, 1);
    expectHarmless(stderr);
    assertStringIncludes(stderr, "\\u001b[2Jb");
  }));
