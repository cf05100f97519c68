// Nothing that comes from elsewhere reaches the terminal as something that it obeys. Places that print:
//   tasks/cli/main.ts             errors; and console.log, console.error of every task pass through visible()
//   tasks/cli/render/choose_renderer.ts  events of a run, with names of stages, files and folders
//   tasks/chat.ts, generate.ts    a model's answer goes to the terminal by itself: generation/write_answer.ts takes out what is obeyed
//   --json                        JSON escapes what it must, the rest is escaped in a way that JSON reads as the same
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { visible, visibleMessage, visibleName, visibleRecord } from "../../../../tasks/cli/render/visible.ts";
import { inFolder, runTask } from "../../children.ts";

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
  assertEquals(visibleRecord(event), { ...event, dir: "out\\nrm", files: [visible(evil)] });
  const args = ["--data", "belle:a\nerror: b.json*2", "--output-path=x\ny"];
  assertEquals(
    visibleMessage("reading /tmp/a\nerror: b.json: no\nsecond line", args),
    "reading /tmp/a\\nerror: b.json: no\nsecond line",
  );
});

Deno.test("an error about a file whose name has control characters is printed without them", () =>
  inFolder(async (folder) => {
    const args = ["--to", "peft", "--lora-path", `${evil}\nerror: all is lost`, "--output-path", "out"];
    const { code, stderr } = await runTask("export", folder, args);
    assertEquals(code, 1);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/.test(stderr), JSON.stringify(stderr));
    assertStringIncludes(stderr, "\\u001b[2Jb");
    assert(!stderr.split("\n").some((line) => line.startsWith("error: all is lost")), stderr);
  }));
