import { assert, assertEquals, assertThrows } from "@std/assert";
import { chatTemplate, parseTemplateKwargs } from "../../../datasets/templates/chat_template.ts";
import { DataError } from "../../../datasets/errors.ts";
import type { RawExample } from "../../../datasets/example.ts";
import { readRow } from "../../../datasets/formats/read_row.ts";
import type { Segment } from "../../../datasets/templates/segments.ts";
import { today } from "../../../datasets/templates/strftime.ts";
import { template, templateFor } from "../../../datasets/templates/templates.ts";

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
    bosToken: "<s>",
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

// What templates write themselves, and what they are told. Looked at: every render of chat_template.ts, what compares
// answers (answering.ts for all tasks and held-out rows), and whatever makes a template (tokenize, evaluate, held_out,
// generate, chat, serve's page and its /v1/chat/completions).

/** Writes an empty block of thoughts before the answers behind the last question, as Qwen 3's does. */
const THINKING = "{%- set ns = namespace(last=-1) %}{%- for m in messages %}{%- if m.role == 'user' %}" +
  "{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}{%- for m in messages %}" +
  "{%- if m.role == 'assistant' and loop.index0 > ns.last %}" +
  "{{- '<|im_start|>assistant\n<think>\n\n</think>\n\n' + m.content + '<|im_end|>\n' }}" +
  "{%- else %}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{%- endif %}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}" +
  "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}";

Deno.test("chatTemplate() learns nothing of an earlier answer that is written otherwise later on, not a character", () => {
  const { segments } = chatTemplate(source(THINKING));
  const example = { instruction: "猫", input: "", output: "cat", history: [["write html", "<html></html>"]] as const };
  assertEquals(
    shown(segments(example)),
    "*<|im_start|>*user\nwrite html*<|im_end|>*\n*<|im_start|>*assistant\n<html></html>*<|im_end|>*\n" +
      "*<|im_start|>*user\n猫*<|im_end|>*\n*<|im_start|>*assistant\n{<think>\n\n</think>\n\ncat*<|im_end|>*}\n",
  );
});

Deno.test("bareAnswer() takes away what the template writes before an answer, and thoughts in its place", () => {
  const { bareAnswer } = chatTemplate(source(THINKING));
  assertEquals(bareAnswer!("<think>\n\n</think>\n\nA cat."), "A cat.");
  assertEquals(bareAnswer!(" <think>\nhm, <b>\n</think>\n\nA cat."), "A cat.");
  assertEquals(bareAnswer!("A cat <think>"), "A cat <think>");
  const plain = chatTemplate(source(CHATML));
  assertEquals(plain.bareAnswer!("<think>\n\n</think>\n\nA cat."), "<think>\n\n</think>\n\nA cat.");
  const named =
    "{% for m in messages %}{{ m.role }}: {{ 'Answer: ' if m.role == 'assistant' }}{{ m.content }}\n{% endfor %}" +
    "{% if add_generation_prompt %}assistant: {% endif %}";
  assertEquals(chatTemplate(source(named)).bareAnswer!("Answer: 4"), "4");
});

Deno.test("a chat template is told its variables, and then asks otherwise", () => {
  const question = { instruction: "a", input: "" };
  const asked = (chatTemplateKwargs: Record<string, unknown>) =>
    shown(chatTemplate(source(THINKING), { chatTemplateKwargs }).ask(question));
  assert(asked({}).endsWith("assistant\n"));
  assert(asked({ enable_thinking: false }).endsWith("assistant\n<think>\n\n</think>\n\n"));
  const thinks = chatTemplate(source(THINKING), { chatTemplateKwargs: { enable_thinking: false } });
  assertEquals(thinks.bareAnswer!("A cat."), "A cat.");
});

Deno.test("strftime_now gives the day that is named, on any day", () => {
  const dated = "{{ strftime_now('%d %b %Y, %A %j %-d %%') }}{% for m in messages %}{{ m.content }}{% endfor %}";
  const { ask } = chatTemplate(source(dated), { templateDate: "2024-07-06" });
  assertEquals(shown(ask({ instruction: "a", input: "" })), "06 Jul 2024, Saturday 188 6 %a");
  const now = chatTemplate(source("{{ strftime_now('%F') }}")).ask({ instruction: "a", input: "" });
  assertEquals(shown(now), today());
});

Deno.test("parseTemplateKwargs() takes a JSON object, or nothing", () => {
  assertEquals(parseTemplateKwargs('{"enable_thinking": false, "n": [1]}'), { enable_thinking: false, n: [1] });
  assertEquals(parseTemplateKwargs(" "), {});
  for (const text of ["{enable_thinking: false}", "[1]", "3", "null"]) {
    assertThrows(() => parseTemplateKwargs(text), DataError, "chat_template_kwargs: wanted a JSON object");
  }
});

Deno.test("a chat template is given two questions in a row and a later system turn as they are", () => {
  const turns = [["user", "a"], ["user", "b"], ["assistant", "c"], ["system", "s"], ["user", "d"], ["assistant", "e"]];
  const messages = turns.map(([role, content]) => ({ role, content }));
  const [example] = readRow({ messages }, { format: "messages", detected: false }, { file: "f", line: 1 });
  const { turns: kept, ...joined } = example!;
  assertEquals(joined, { instruction: "s\nd", input: "", output: "e", history: [["a\nb", "c"]] });
  assertEquals(kept?.map(({ role, text }) => [role, text]), turns.slice(0, -1));
  const plain = "{% for m in messages %}{{ '[' + m.role + '] ' + m.content + '\n' }}{% endfor %}";
  assertEquals(
    shown(chatTemplate(source(plain)).segments(example!)).split("{")[0],
    "[user] a\n[user] b\n",
  );
  assertEquals(
    shown(chatTemplate(source(plain)).ask(example!)),
    "[user] a\n[user] b\n[assistant] c\n[system] s\n[user] d\n",
  );
});

Deno.test("chatTemplate() learns no end of an earlier answer that says nothing", () => {
  const history = [["a", ""], ["b", "\u200b"], ["c", "d"]] as const;
  const text = shown(chatTemplate(source(CHATML)).segments({ instruction: "e", input: "", output: "f", history }));
  assertEquals(text.match(/{[^}]*}/g), ["{d*<|im_end|>*}", "{f*<|im_end|>*}"]);
});
