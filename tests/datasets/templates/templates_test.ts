import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../datasets/errors.ts";
import { template } from "../../../datasets/templates/templates.ts";

Deno.test("the alpaca template has a prompt for a bare instruction and one for an input", () => {
  const { prompt } = template("alpaca");
  assertEquals(
    prompt({ instruction: "数到三", input: "" }),
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n" +
      "### Instruction:\n数到三\n\n### Response:\n",
  );
  assertEquals(
    prompt({ instruction: "翻译", input: "水" }),
    "Below is an instruction that describes a task, paired with an input that provides further context. " +
      "Write a response that appropriately completes the request.\n\n" +
      "### Instruction:\n翻译\n\n### Input:\n水\n\n### Response:\n",
  );
});

Deno.test("the alpaca-legacy template is alpaca without the last newline", () => {
  for (const question of [{ instruction: "a", input: "" }, { instruction: "a", input: "b" }]) {
    assertEquals(template("alpaca-legacy").prompt(question) + "\n", template("alpaca").prompt(question));
  }
});

Deno.test("the chat template asks as User and leaves Assistant to answer", () => {
  assertEquals(
    template("chat").prompt({ instruction: "你好", input: "" }),
    "The following is a conversation between an AI assistant called Assistant and a human user called User. " +
      "The assistant is intelligent, knowledgeable and polite to answer questions of user.\n\nUser:你好\n\nAssistant:",
  );
});

Deno.test("template() suggests the nearest name for an unknown one", () => {
  assertThrows(
    () => template("alpacca"),
    DataError,
    'template: wanted one of alpaca, alpaca-legacy, guanaco, chat, tokenizer, found "alpacca". Did you mean alpaca?',
  );
  assertThrows(() => template("constructor"), DataError, "wanted one of");
});
