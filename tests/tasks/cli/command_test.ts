import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { join, relative } from "@std/path";
import { z } from "zod";
import { calledAs } from "../../../tasks/cli/options/called_as.ts";
import { type CommandShape, parseCommand } from "../../../tasks/cli/command.ts";
import { flagsOf } from "../../../tasks/cli/options/flags.ts";
import { detectLanguage } from "../../../tasks/cli/language.ts";
import { messagesIn } from "../../../tasks/cli/messages.ts";
import { displayWidth, wrapToWidth } from "../../../tasks/cli/render/text_width.ts";
import { UsageError } from "../../../tasks/cli/usage_error.ts";
import { REPOSITORY } from "../../architecture/repository.ts";

const own = z.object({
  rate: z.number().default(3e-4).describe("learning rate").meta({ aliases: ["lr"] }),
  names: z.array(z.string()).describe("names"),
  shuffle: z.boolean().default(true).describe("keep the order"),
});

const shape: CommandShape = {
  task: "try",
  usage: "[options]",
  description: "Tries.",
  groups: [
    { heading: "Options of it:", flags: flagsOf(own) },
    { heading: "Common options:", flags: flagsOf(z.object({ json: z.boolean().default(false).describe("as JSON") })) },
  ],
  footer: "The end.",
};

Deno.test("parseCommand() gives the values of the flags that were given, and no others", () => {
  const { values, wantsHelp } = parseCommand(
    ["--lr", "1e-3", "--names", "a", "--names=b", "--no-shuffle"],
    shape,
    "en",
  );
  assertEquals([values, wantsHelp], [{ rate: 1e-3, names: ["a", "b"], shuffle: false }, false]);
  assertEquals(parseCommand([], shape, "en").values, {});
});

Deno.test("parseCommand() takes a negative number for a value and refuses arguments that nobody expects", () => {
  assertEquals(parseCommand(["--rate", "-1"], shape, "en").values, { rate: -1 });
  assertThrows(() => parseCommand(["stray"], shape, "en"), UsageError, "unexpected argument stray");
  const operands = { ...shape, operands: { name: "text", required: true } };
  assertEquals(parseCommand(["a", "--json", "b"], operands, "en").operands, ["a", "b"]);
});

Deno.test("the help groups the flags, with defaults, aliases and the useful form of a switch", () => {
  const { help, wantsHelp } = parseCommand(["--help"], shape, "en");
  assert(wantsHelp);
  assert(help.indexOf("Options of it:") < help.indexOf("Common options:"));
  assertMatch(help, /--rate <number>\s+learning rate \(default: 0\.0003; also --lr\)/);
  assertMatch(help, /--names <text>\s+names \(repeatable; required\)/);
  assertMatch(help, /--no-shuffle\s+keep the order/);
  assertMatch(help, /--json\s+as JSON/);
  assert(!help.includes("--no-json") && !help.includes("--shuffle "));
  assert(help.endsWith("The end.\n"));
});

Deno.test("a task is called through deno task, unless the script started it", () => {
  const names = ["", "./vicuna"].map((launcher) =>
    calledAs("try", (name) => name === "VICUNA_LAUNCHER" ? launcher : undefined)
  );
  assertEquals(names, ["deno task try", "./vicuna try"]);
});

Deno.test("outside the project deno task is told where its deno.json is", () => {
  const from = (folder: string) => calledAs("try", (name) => name === "INIT_CWD" ? folder : undefined);
  const beside = join(REPOSITORY, "../own");
  assertEquals(from(beside), `deno task --config ${relative(beside, REPOSITORY)}/deno.json try`);
  assertEquals([from(REPOSITORY), from(join(REPOSITORY, "docs/ci"))], ["deno task try", "deno task try"]);
});

Deno.test("the help speaks Chinese, with columns that line up", () => {
  const flags = flagsOf(own, { rate: "学习率", names: "名称", shuffle: "保持顺序" });
  const { help } = parseCommand(["-h"], { ...shape, groups: [{ heading: "选项：", flags }] }, "zh");
  assertStringIncludes(help, "用法：");
  assertMatch(help, /--rate <数字>\s+学习率（默认：0\.0003；也可写作 --lr）/);
});

Deno.test("detectLanguage() prefers --lang, then LC_ALL, LC_MESSAGES and LANG", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assertEquals(detectLanguage(["--lang", "zh"], env({ LANG: "en_US.UTF-8" })), "zh");
  assertEquals(detectLanguage(["--lang=en"], env({ LANG: "zh_CN.UTF-8" })), "en");
  assertEquals(detectLanguage([], env({ LANG: "zh_CN.UTF-8" })), "zh");
  assertEquals(detectLanguage([], env({ LC_ALL: "C", LANG: "zh_CN.UTF-8" })), "en");
  assertEquals(detectLanguage(["--lang", "fr"], env({ LC_ALL: "", LC_MESSAGES: "zh_TW" })), "zh");
});

Deno.test("both languages have words of their own for every message", () => {
  const [en, zh] = [messagesIn("en"), messagesIn("zh")] as unknown as Record<string, unknown>[];
  // The default folder holds a placeholder, and errors of a flag hold what was found: all else must differ.
  for (const [name, message] of Object.entries(en ?? {})) {
    if (typeof message === "string") assert(zh?.[name] !== message, `${name} is not translated`);
  }
});

Deno.test("displayWidth() counts Chinese as two columns and colours as none", () => {
  assertEquals(["abc", "中文", "a，b", "\x1b[31m红\x1b[0m", ""].map(displayWidth), [3, 4, 4, 2, 0]);
});

Deno.test("wrapToWidth() breaks between Chinese characters by their columns, with marks where they belong", () => {
  assertEquals(wrapToWidth("一二三，四五（六）", 6), "一二\n三，四\n五\n（六）");
  assertEquals(wrapToWidth("默认（8）", 6), "默认\n（8）");
  assertEquals(wrapToWidth("用 owner/name 下载", 14), "用 owner/name\n下载");
  assertEquals(wrapToWidth("one two three\n\nfour", 9), "one two\nthree\n\nfour");
});

Deno.test("wrapToWidth() continues a line below its text", () => {
  assertEquals(wrapToWidth("  why A [B]  两个条目的差别", 22), "  why A [B]  两个条目\n             的差别");
  assertEquals(wrapToWidth("  gc  takes away what is old", 17), "  gc  takes away\n      what is old");
  assertEquals(wrapToWidth("    deep in it", 9), "    deep\n    in it");
});

Deno.test("no line of the help is wider than it should be, in either language", () => {
  const wordy = {
    ...shape,
    usage: "[--base-model FOLDER] [--lora-path FOLDER] [--train-data FILE] [--output-path PATH] [options]",
    description: `${"很长的说明，".repeat(20)}\n\n  ls [KEY]     ${"逐一列出条目".repeat(20)}`,
    groups: [{
      heading: "Options:",
      flags: flagsOf(z.object({ keep: z.string().default("3") }), { keep: "保留什么：".repeat(20) }),
    }],
    footer: "配方 ".repeat(40),
  };
  for (const language of ["en", "zh"] as const) {
    const { help } = parseCommand(["--help"], wordy, language);
    for (const line of help.split("\n")) assert(displayWidth(line) <= 100, line);
    assertMatch(
      help,
      { en: /^ +\[--output-path PATH\] \[options\]$/m, zh: /^ +\[--output-path 路径\] \[选项\]$/m }[language],
    );
  }
});
