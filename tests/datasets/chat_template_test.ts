import { assert, assertEquals, assertThrows } from "@std/assert";
import { chatTemplate } from "../../datasets/chat_template.ts";
import { DataError } from "../../datasets/errors.ts";
import type { RawExample } from "../../datasets/example.ts";
import type { Segment } from "../../datasets/segments.ts";
import { template, templateFor } from "../../datasets/templates.ts";

/** Qwen's, with the newline between turns. */
const CHATML =
  "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/** LLaMA 2's: system text within the first question, everything trimmed, no opening of an answer. */
const LLAMA2 =
  "{% if messages[0].role == 'system' %}{% set system = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}" +
  "{% set rest = messages[1:] %}{% else %}{% set system = '' %}{% set rest = messages %}{% endif %}" +
  "{% for message in rest %}{% if message.role == 'user' %}" +
  "{{ bos_token + '[INST] ' + (system if loop.first else '') + message.content.strip() + ' [/INST]' }}" +
  "{% else %}{{ ' ' + message.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";

/** The system text stands before the last question only, as in some of Mistral's. */
const LAST_SYSTEM = "{% for message in messages %}{% if message.role == 'user' %}" +
  "{{ '[INST] ' + ('S ' if loop.index >= messages|length - 1 else '') + message.content + '[/INST]' }}" +
  "{% elif message.role == 'assistant' %}{{ message.content + eos_token }}{% endif %}{% endfor %}";

function source(chatTemplate: string | undefined) {
  return {
    chatTemplate,
    controls: new Map([["<s>", 1], ["</s>", 2], ["<|im_start|>", 3], ["<|im_end|>", 4]]),
    bosId: 1,
    eosId: 2,
  };
}

/** Answers in braces, control tokens in bold marks. */
function shown(segments: readonly Segment[]): string {
  let text = "";
  let isAnswer = false;
  for (const segment of segments) {
    if (segment.answer !== isAnswer) text += segment.answer ? "{" : "}";
    isAnswer = segment.answer;
    text += "control" in segment ? `*${segment.control}*` : segment.text;
  }
  return isAnswer ? `${text}}` : text;
}

const CHAT: RawExample = { instruction: "c", input: "", output: "d", system: "s", history: [["a", "b"]] };

Deno.test("chatTemplate() labels each answer with the token that ends it, not the newline behind", () => {
  const { framed, segments, ask } = chatTemplate(source(CHATML));
  assertEquals(framed, false);
  assertEquals(
    shown(segments(CHAT)),
    "*<|im_start|>*system\ns*<|im_end|>*\n*<|im_start|>*user\na*<|im_end|>*\n*<|im_start|>*assistant\n{b*<|im_end|>*}\n" +
      "*<|im_start|>*user\nc*<|im_end|>*\n*<|im_start|>*assistant\n{d*<|im_end|>*}\n",
  );
  const asked = shown(ask(CHAT));
  assert(asked.endsWith("*<|im_start|>*assistant\n"));
  assert(shown(segments(CHAT)).replace("{b*<|im_end|>*}", "b*<|im_end|>*").startsWith(asked));
});

Deno.test("chatTemplate() finds the answers when the template trims what it is given", () => {
  const { segments, ask } = chatTemplate(source(LLAMA2));
  const rough = { ...CHAT, instruction: " c\n", output: "\n d ", history: [["a ", " b"]] as const };
  assertEquals(
    shown(segments(rough)),
    "*<s>*[INST] <<SYS>>\ns\n<</SYS>>\n\na [/INST]{ b *</s>*}*<s>*[INST] c [/INST]{ d *</s>*}",
  );
  assertEquals(shown(ask(rough)), "*<s>*[INST] <<SYS>>\ns\n<</SYS>>\n\na [/INST] b *</s>**<s>*[INST] c [/INST]");
});

Deno.test("chatTemplate() takes control tokens in rows for text, whether the template trims or not", () => {
  for (const text of [CHATML, LLAMA2]) {
    const { segments } = chatTemplate(source(text));
    const tricky = { instruction: "say <|im_end|>", input: "</s>", output: "</s><s>" };
    const parts = segments(tricky);
    assert(parts.some((part) => "text" in part && !part.answer && part.text.includes("say <|im_end|>\n</s>")));
    assertEquals(
      parts.filter((part) => "text" in part && part.answer).map((part) => "text" in part && part.text.trim()),
      [
        "</s><s>",
      ],
    );
    const plain = segments({ instruction: "a", input: "b", output: "c" });
    const controls = (segments: readonly Segment[]) =>
      segments.flatMap((part) => "control" in part ? [part.control] : []);
    assertEquals(controls(parts), controls(plain));
  }
});

Deno.test("chatTemplate() learns no answer whose beginning the template writes otherwise later on", () => {
  const { segments } = chatTemplate(source(LAST_SYSTEM));
  assertEquals(shown(segments(CHAT)), "[INST] a[/INST]b*</s>*[INST] S c[/INST]{d*</s>*}");
});

Deno.test("chatTemplate() ends the last answer with eos where the template does not", () => {
  const plain = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}" +
    "{% if add_generation_prompt %}assistant: {% endif %}";
  assertEquals(
    shown(chatTemplate(source(plain)).segments({ instruction: "a", input: "", output: "b" })),
    "user: a\nassistant: {b\n*</s>*}",
  );
});

Deno.test("chatTemplate() says when there is none, when it is not Jinja, and when it refuses a row", () => {
  assertThrows(() => templateFor("tokenizer", source(undefined)), DataError, "wanted a chat_template");
  assertThrows(() => chatTemplate(source("{% if %}")), DataError, "could not read it as Jinja");
  const strict = chatTemplate(source("{{ raise_exception('no system text, please') }}"));
  assertThrows(() => strict.segments(CHAT), DataError, "it refused a conversation: no system text, please");
});

Deno.test("the chat template of this project writes turns as Chinese-Vicuna does; alpaca's writes them as their data set does", () => {
  const opening =
    "The following is a conversation between an AI assistant called Assistant and a human user called User. " +
    "The assistant is intelligent, knowledgeable and polite to answer questions of user.\n\n";
  const chat: RawExample = { instruction: "c", input: "", output: "d", history: [["a", "b"]] };
  assertEquals(
    shown(template("chat").segments(chat)),
    `${opening}User:a\n\nAssistant:{b}\n\nUser:c\n\nAssistant:{d}`,
  );
  assertEquals(template("chat").prompt(chat), `${opening}User:a\n\nAssistant:b\n\nUser:c\n\nAssistant:`);
  const alpaca = (example: RawExample) => shown(template("alpaca").segments(example));
  assert(alpaca(chat).includes("### Instruction:\nHuman:a\nAssistant:b\nHuman:c\nAssistant:\n\n### Response:\n{d}"));
  const boxes = "### Instruction:\nUser: a\nAssistant: b\n\n### Input:\nUser: c\n\n### Response:\n{d}";
  assert(alpaca({ ...chat, layout: "guanaco" }).includes(boxes));
  assert(shown(template("guanaco").segments(chat)).includes(boxes));
});
