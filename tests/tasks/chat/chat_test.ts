// A conversation in the terminal with a scripted generator: chat_loop.ts, session.ts, commands.ts.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { GENERATION_DEFAULTS } from "../../../models/generation/request.ts";
import { chatLoop } from "../../../tasks/chat/chat_loop.ts";
import { ChatSession } from "../../../tasks/chat/session.ts";
import { readConversation } from "../../../tasks/generation/saved_conversation.ts";
import { inFolder } from "../children.ts";
import { type Script, ScriptedGenerator, tinyTokenizer } from "../serve/testing.ts";

/** A scripted generator with what a conversation needs beside. */
class ChatGenerator extends ScriptedGenerator {
  readonly slots = 2;
  override adapters = ["poet"];

  async loadAdapter(name: string, path: string): Promise<void> {
    if (!(await Deno.stat(path)).isDirectory) throw new Error("no folder");
    this.adapters = [...this.adapters, name];
  }
}

/** A conversation that lines were said in. */
async function talk(lines: readonly string[], script: Script = {}, onAnswer?: (stop: () => void) => void) {
  const generator = new ChatGenerator(await tinyTokenizer(), script);
  const settings = { params: { ...GENERATION_DEFAULTS, maxNewTokens: 40 }, maxMemory: 1000, system: "" };
  const session = new ChatSession(generator, "tiny", "chat", settings);
  const said: string[] = [];
  let answers = "";
  const rest = [...lines];
  const failures = await chatLoop({
    ...{ session, language: "en", file: undefined, signal: new AbortController().signal },
    lines: { line: () => Promise.resolve(rest.shift()) },
    write: (text) => {
      answers += text;
      return Promise.resolve();
    },
    show: (text) => said.push(text),
    notice: (text) => said.push(text),
    onAnswer: (stop) => stop && onAnswer?.(stop),
  });
  const prompts = generator.requests.map(({ prompt }) => generator.tokenizer.decode(prompt));
  return { generator, session, said, answers, failures, prompts };
}

Deno.test("a message is answered with the conversation before it; several lines make one message", async () => {
  const { prompts, answers, failures, session } = await talk(
    ["red", "blue \\", "gold\\", "pink", '"""', "fig", "", "/plum", '"""', "//pear"],
    { text: "one" },
  );
  assertEquals([answers, failures], ["one\n".repeat(4), 0]);
  assertEquals(session.turns.map(({ instruction }) => instruction), [
    "red",
    "blue \ngold\npink",
    "fig\n\n/plum",
    "/pear",
  ]);
  assert(prompts[0]?.endsWith("User:red\n\nAssistant:"), prompts[0]);
  assert(prompts[1]?.endsWith("User:red\n\nAssistant:one\n\nUser:blue \ngold\npink\n\nAssistant:"), prompts[1]);
});

Deno.test("what was pasted is one message, as are a pasted block and a paste within a block", async () => {
  const { session, failures } = await talk([
    ...["red\nblue\\\ngold", '"""\nfig\n\nplum\n"""', '"""\nred', "pink", '"""', '"""', 'a\n"""\nb', '"""'],
    ...['"""', 'a\n"""', '"""\na\n"""\nand more'],
  ], { text: "one" });
  assertEquals(session.turns.map(({ instruction }) => instruction), [
    "red\nblue\\\ngold",
    "fig\n\nplum",
    "red\npink",
    'a\n"""\nb',
    "a",
    '"""\na\n"""\nand more',
  ]);
  assertEquals(failures, 0);
});

Deno.test("/undo takes the last turn out of the prompt, /clear all of them, /system is put before them", async () => {
  const { prompts, said, session } = await talk(
    ["red", "blue", "/undo", "/system gold", "pink", "/clear", "/system -", "fig", "/undo", "/undo"],
    { text: "one" },
  );
  assertStringIncludes(prompts[2] ?? "", "gold\n\nUser:red\n\nAssistant:one\n\nUser:pink");
  assert(prompts[3]?.endsWith("questions of user.\n\nUser:fig\n\nAssistant:"), prompts[3]);
  assertEquals(said, [
    "Taken back: blue",
    "The system message is set.",
    "2 turns forgotten.",
    "The system message is gone.",
    "Taken back: fig",
    "there is no turn to take back",
  ]);
  assertEquals(session.turns, []);
});

Deno.test("/adapter lists, switches, and loads from a folder", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "sa\tge"));
    const { generator, said, failures } = await talk([
      ...["red", "/adapter base", "red", `/adapter ${join(folder, "sa\tge")}`, "red", "/adapter poet", "red"],
      ...["/adapter", "/adapter nobody"],
    ], { text: "one" });
    assertEquals(generator.requests.map(({ adapter }) => adapter), ["poet", undefined, "sa\tge", "poet"]);
    assertEquals(said.slice(0, -1).filter((line) => !line.startsWith("(")), [
      "tiny answers from now on",
      "sa\\tge answers from now on",
      "poet answers from now on",
      "  tiny\n* poet\n  sa\\tge",
    ]);
    assertStringIncludes(said.at(-1) ?? "", "there is no adapter nobody");
    assertEquals(failures, 1);
  }));

Deno.test("/params sets parameters by any of their spellings and says when one changes nothing", async () => {
  const { generator, said, failures } = await talk([
    ...["/params top_p 0.5", "/params temperature=0.7", "/params --num-beams 2", "/params stop a\\nb"],
    ...["red", "/params temperature 0", "/params maxMemory 0", "blue", "/params"],
    ...["/params top_p 2", "/params seed", "/params colour 1", "/params beams 3", "/params sample maybe"],
  ]);
  const [first, second] = generator.requests.map(({ params }) => params);
  assertEquals([first?.topP, first?.doSample, first?.temperature], [0.5, true, 0.7]);
  assertEquals([first?.beams, first?.stop], [2, ["a\nb"]]);
  assertEquals([second?.doSample, second?.temperature], [false, 1]);
  assertEquals(said.slice(0, 3), [
    "topP 0.5",
    "--top-p: no effect without sampling (--sample, or a --temperature above 0)",
    "temperature 0.7",
  ]);
  assertEquals(failures, 5);
  assertEquals(said.slice(-5, -3), ['top_p cannot be "2"', 'seed cannot be ""']);
  assertEquals(said.at(-2), "there is room for 2 beams; start with --beams for more");
  // What was typed is shown, in the list too.
  assertEquals(
    said[said.indexOf("--top-p: no effect without sampling (--sample, or a --temperature above 0)", 5) - 1],
    "temperature 0",
  );
  const listed = said.find((line) => line.includes("\n"))?.split("\n") ?? [];
  assert(listed.includes("doSample false") && listed.includes("temperature 0"), `${listed}`);
  // With a memory of 0, earlier turns are left out, and that is said.
  assert(!generator.tokenizer.decode(generator.requests[1]?.prompt ?? []).includes("red"));
  assert(said.includes("(no room: the oldest turn is left out of the prompt)"));
});

Deno.test("a prompt keeps within its budget by leaving out the oldest turns; one too long by itself is refused", async () => {
  const lines = Array.from({ length: 8 }, (_, i) => `red blue gold pink ${i}`);
  const { generator, said, prompts, failures, session } = await talk([...lines, "word ".repeat(300), "fig"]);
  assert(generator.requests.every(({ prompt }) => prompt.length <= generator.positions - 40));
  assert(said.some((line) => /^\(no room: the oldest \d+ turns are left out/.test(line)), said.join("\n"));
  assertStringIncludes(prompts.at(-1) ?? "", "pink 7");
  assert(!prompts.at(-1)?.includes("pink 0"));
  assertStringIncludes(said.find((line) => line.startsWith("answering")) ?? "", "leave room for an answer");
  assertEquals([failures, session.turns.length], [1, 9]);
});

Deno.test("a conversation that was saved goes on with its turns and parameters, in the page's form", () =>
  inFolder(async (folder) => {
    const file = join(folder, "talk.jsonl");
    const first = await talk([
      ...["/system gold", "/params temperature 0.3", "/params max_memory 900", "/adapter base", "red"],
      ...[`/save ${file}`, "blue", "/save"],
    ], { text: "one" });
    assertEquals(first.said.at(-1), `2 turns saved in ${file}`);
    const { head, turns } = readConversation(await Deno.readTextFile(file));
    const { numbers, ...params } = head.params;
    assertEquals([head.mode, head.model], ["chat", "tiny"]);
    assertEquals(params, { doSample: true, showBeams: false, template: "chat", stop: "", system: "gold" });
    assertEquals([Reflect.get(Object(numbers), "temperature"), Reflect.get(Object(numbers), "maxMemory")], [0.3, 900]);
    assertEquals(turns.map(({ answers }) => answers), Array(2).fill([{ adapter: null, text: "one" }]));

    const second = await talk([`/load ${file}`, "pink"], { text: "one" });
    assertEquals(second.said, [`2 turns loaded from ${file}`]);
    assertEquals(second.session.settings, first.session.settings);
    assertEquals(second.session.adapter, undefined);
    assertStringIncludes(second.prompts[0] ?? "", "gold\n\nUser:red\n\nAssistant:one\n\nUser:blue");

    // Files of others are left alone, and what is none of ours is refused without a change.
    const notes = join(folder, "notes.txt");
    await Deno.writeTextFile(notes, "mine");
    const third = await talk(["red", `/save ${notes}`, `/load ${notes}`, "/load", "/save", "/nothing", "/undo x"]);
    assertEquals([third.failures, third.session.turns.length], [6, 1]);
    assertEquals(await Deno.readTextFile(notes), "mine");
    assertStringIncludes(third.said[1] ?? "", "it is no saved conversation: line 1 of a saved conversation");
    const { said: [missing] } = await talk([`/load ${join(folder, "none.jsonl")}`]);
    assertEquals(missing, `loading ${join(folder, "none.jsonl")}: there is no such file`);
    assertEquals([...Deno.readDirSync(folder)].length, 2, "nothing half written stays");
  }));

Deno.test("an answer that is stopped is kept as far as it came, and the conversation goes on", async () => {
  const { session, said, generator } = await talk(["red", "/quit", "blue"], { endless: true, tokenMs: 5 }, (stop) => {
    setTimeout(stop, 60);
  });
  assertEquals(said, ["(stopped)"]);
  assertEquals(session.turns.length, 1);
  assert((session.turns[0]?.answers[0]?.text.length ?? 0) > 0);
  assertEquals(generator.active, 0);
});
