import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { normaliseArguments, readFlagValue } from "../../../../tasks/cli/options/arguments.ts";
import { type Flag, flagsOf, isSwitch, kebabCase, UnsupportedFieldError } from "../../../../tasks/cli/options/flags.ts";
import { messagesIn } from "../../../../tasks/cli/messages.ts";
import { UsageError } from "../../../../tasks/cli/usage_error.ts";

const messages = messagesIn("en");

const flags = flagsOf(z.object({
  epochs: z.number().positive().default(3).describe("passes"),
  loraRank: z.int().min(1).default(8).meta({ aliases: ["lora_r"] }),
  dataPath: z.array(z.string()).min(1),
  targets: z.array(z.enum(["q_proj", "v_proj"])).default(["q_proj"]),
  bits: z.literal([8, 32]).default(8),
  splits: z.array(z.number()).optional(),
  limit: z.union([z.number(), z.literal("auto")]).default("auto"),
  note: z.string().nullable().default(null),
  trainOnInputs: z.boolean().default(false),
  shuffle: z.boolean().default(true),
}));

function flag(field: string): Flag {
  const found = flags.find((flag) => flag.field === field);
  if (found === undefined) throw new Error(`no flag ${field}`);
  return found;
}

Deno.test("flagsOf() reads names, types, choices, defaults and descriptions from the schema", () => {
  assertEquals(flag("epochs"), {
    field: "epochs",
    name: "epochs",
    aliases: [],
    types: ["number"],
    list: false,
    description: "passes",
    default: 3,
    required: false,
  });
  assertEquals([flag("loraRank").name, flag("loraRank").aliases], ["lora-rank", ["lora-r"]]);
  assertEquals([flag("dataPath").list, flag("dataPath").required], [true, true]);
  assertEquals(flag("targets").choices, ["q_proj", "v_proj"]);
  assertEquals(flag("bits").choices, [8, 32]);
  assertEquals([flag("limit").types, flag("limit").choices], [["number", "string"], undefined]);
  assertEquals(flag("note").types, ["string"]);
  assertEquals(flags.filter(isSwitch).map(({ name }) => name), ["train-on-inputs", "shuffle"]);
});

Deno.test("flagsOf() refuses what a flag cannot say, and names the field", () => {
  const nested = z.object({ lora: z.object({ rank: z.number() }) });
  assertThrows(() => flagsOf(nested), UnsupportedFieldError, "lora cannot become a flag: it is a nested object");
  assertThrows(() => flagsOf(z.object({ rows: z.array(z.array(z.number())) })), UnsupportedFieldError, "rows");
  assertThrows(() => flagsOf(z.object({ when: z.date() })), UnsupportedFieldError, "when");
});

Deno.test("kebabCase() makes flags of both spellings", () => {
  assertEquals(["maxTokens", "lora_target_modules", "int8Base", "seed"].map(kebabCase), [
    "max-tokens",
    "lora-target-modules",
    "int8-base",
    "seed",
  ]);
});

Deno.test("normaliseArguments() knows underscores, aliases, equal signs and every form of a switch", () => {
  const normal = (...args: string[]) => normaliseArguments(args, flags, messages);
  assertEquals(normal("--lora_r", "4", "--lora-rank=5", "--lora_rank", "6"), [
    "--lora-rank=4",
    "--lora-rank=5",
    "--lora-rank=6",
  ]);
  assertEquals(normal("--train_on_inputs", "--no-shuffle"), ["--train-on-inputs", "--no-shuffle"]);
  assertEquals(normal("--train_on_inputs", "True", "--shuffle=false", "--no_train_on_inputs"), [
    "--train-on-inputs",
    "--no-shuffle",
    "--no-train-on-inputs",
  ]);
  // A value may look like a flag, and may hold anything.
  assertEquals(normal("--note", "--epochs", "--data-path", "a=b, c"), ["--note=--epochs", "--data-path=a=b, c"]);
});

Deno.test("normaliseArguments() takes the values of a list one by one where nothing else may follow", () => {
  const spread = (...args: string[]) => normaliseArguments(args, flags, messages, true);
  assertEquals(spread("--data-path", "a.json", "b.json", "--epochs", "3"), [
    "--data-path=a.json",
    "--data-path=b.json",
    "--epochs=3",
  ]);
  assertEquals(spread("--epochs", "3", "stray"), ["--epochs=3", "stray"]);
  assertEquals(normaliseArguments(["--data-path", "a.json", "b.json"], flags, messages), [
    "--data-path=a.json",
    "b.json",
  ]);
});

Deno.test("flags of other programs without a counterpart get an answer of their own, in both languages", () => {
  const refuse = (flag: string, language: "en" | "zh") =>
    assertThrows(() => normaliseArguments([flag, "x"], flags, messagesIn(language)), UsageError).message;
  assertStringIncludes(refuse("--group_by_length", "en"), "unknown option --group_by_length: rows are packed without");
  assertStringIncludes(refuse("--wandb-project", "zh"), "trainer_log.jsonl");
  assertStringIncludes(refuse("--load_in_8bit", "en"), "--bits 8");
});

Deno.test("normaliseArguments() refuses unknown flags and suggests the nearest, also by its alias", () => {
  const refuse = (...args: string[]) => () => normaliseArguments(args, flags, messages);
  assertThrows(refuse("--epoch", "3"), UsageError, "unknown option --epoch: did you mean --epochs?");
  assertThrows(refuse("--lora_s=3"), UsageError, "did you mean --lora-r?");
  const { message } = assertThrows(refuse("--xyzw=3"), UsageError); // nothing is near
  assertEquals(message, "unknown option --xyzw");
  assertThrows(refuse("--no-epochs"), UsageError, "unknown option --no-epochs");
  assertThrows(refuse("--epochs"), UsageError, "--epochs wants a value");
  assertThrows(refuse("--shuffle=maybe"), UsageError, "--shuffle is a switch");
});

Deno.test("readFlagValue() gives the value that the field wants, or names the flag", () => {
  const read = (field: string, ...given: string[]) => readFlagValue(flag(field), given, messages);
  assertEquals(read("epochs", "1", "2.5e-1"), 0.25);
  assertEquals(read("targets", "q_proj,v_proj"), ["q_proj", "v_proj"]);
  assertEquals(read("targets", "q_proj", "v_proj"), ["q_proj", "v_proj"]);
  for (const written of ["[q_proj,v_proj]", "['q_proj', 'v_proj']", '["q_proj","v_proj"]', "('q_proj', 'v_proj',)"]) {
    assertEquals(read("targets", written), ["q_proj", "v_proj"], written);
  }
  assertEquals(read("dataPath", "[a.json, b.json]", "c,d.json"), ["a.json", "b.json", "c,d.json"]);
  assertEquals(read("splits", "[1, 2]"), [1, 2]);
  assertEquals(read("dataPath", "a,b.json", "c.json"), ["a,b.json", "c.json"]);
  assertEquals(read("splits", "1,2", "3"), [1, 2, 3]);
  assertEquals(read("bits", "32"), 32);
  assertEquals([read("limit", "7"), read("limit", "auto")], [7, "auto"]);
  assertEquals(read("note", "12"), "12");
  assertThrows(() => read("epochs", "three"), UsageError, "--epochs wants a number, found three");
  assertThrows(() => read("epochs", ""), UsageError, "--epochs wants a number");
  assertThrows(() => read("bits", "16"), UsageError, "--bits wants one of 8, 32, found 16");
  assertThrows(() => read("targets", "x_proj"), UsageError, "--targets wants one of q_proj, v_proj, found x_proj");
});
