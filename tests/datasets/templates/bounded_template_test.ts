// What comes in files and is run or matched, ends. Places that were looked at:
//   datasets/templates/chat_template.ts              templates of tokenizers (and of GGUF files): steps are counted (here)
//   models/formats/adapter/adapter_patterns.ts     rank_pattern, alpha_pattern: RE2 (tests/models/formats/adapter/adapter_test.ts)
//   datasets/evaluation/answer_pattern.ts  patterns of questions: RE2 (tests/datasets/evaluation/answer_pattern_test.ts)
//   models/formats/tokenizer/byte_bpe_model.ts       a splitting pattern of tokenizer.json is one of those known here, or the library
//                                          (WebAssembly, whose own engine bounds its steps back) has it
//   models/formats/torch/pickle.ts               has no loops; memory by its own limits (tests/models/formats/torch/torch_file_test.ts)
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { BoundedTemplate } from "../../../datasets/templates/bounded_template.ts";
import { chatTemplate } from "../../../datasets/templates/chat_template.ts";
import { DataError } from "../../../datasets/errors.ts";

const ask = (text: string) =>
  chatTemplate({ chatTemplate: text, controls: new Map([["</s>", 2]]), bosToken: "<s>", eosId: 2 })
    .ask({ instruction: "hello", input: "" });

Deno.test("a template that would never end, or fill all memory, ends with a sentence", () => {
  const loop = (depth: number, body: string): string =>
    depth === 0 ? body : `{% for i in range(100000) %}${loop(depth - 1, body)}{% endfor %}`;
  const grow =
    "{% set ns = namespace(x='0123456789') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}";
  const lists = "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}";
  const twice = (value: string, times = 100) =>
    `{% set ns = namespace(x=1) %}{% for i in range(${times}) %}{% set ns.x = ${value} %}{% endfor %}`;
  const cases: Record<string, string> = {
    "a mapping of mappings that are the same": `${twice("{'a': ns.x, 'b': ns.x}")}{{ ns.x | tojson }}`,
    "a list of them, written out with an indentation": `${twice("[ns.x, ns.x]")}{{ ns.x | tojson(indent=2) }}`,
    "a list of them, as it stands": `${twice("[ns.x, ns.x]")}{% if true %}{{ ns.x }}{% endif %}`,
    "a list of them, joined": `${twice("[ns.x, ns.x]")}{{ ns.x | join }}`,
    "a list of them, in a sum": `${twice("[ns.x, ns.x]")}{{ 'a' + ns.x }}`,
    "a list of them, in a refusal": `${twice("[ns.x, ns.x]")}{{ raise_exception(ns.x) }}`,
    "a mapping that holds itself": "{% set ns = namespace(x=1) %}{% set ns.x = ns %}{{ ns | tojson }}",
    "loops in loops": loop(4, "x"),
    "empty loops over one list": `{% set a = range(100000) %}{% for i in a %}{% for j in a %}{% endfor %}{% endfor %}`,
    "a long range": "{{ range(2000000000) | length }}",
    "a text that doubles": `${grow}{{ ns.x | length }}`,
    "a list that doubles": `${lists}{{ ns.x | length }}`,
    "filters over a list": `{% set a = range(100000) %}{% for i in a %}{{ a | sort | length }}{% endfor %}`,
    "a long text looked at in a loop":
      `{% set ns = namespace(x='ab') %}{% for i in range(20) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}` +
      `{% for i in range(100000) %}{{ ns.x | trim | length }}{% endfor %}`,
  };
  for (const [name, text] of Object.entries(cases)) {
    const error = assertThrows(() => ask(text), DataError);
    assertStringIncludes(error.message, "chat_template: it refused a conversation: it does not end within", name);
  }
  const few = new BoundedTemplate(`${twice("[ns.x, ns.x]", 3)}{{ ns.x | tojson }}`);
  assertEquals(few.render({}, 0), "[[[1, 1], [1, 1]], [[1, 1], [1, 1]]]");
  assertThrows(() => ask("x".repeat(2 << 20)), DataError, "wanted at most 1048576");
  assertThrows(() => ask("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), DataError, "it refused a conversation");
});

Deno.test("a template has the globals of the library, and steps enough for a long conversation", () => {
  const template = new BoundedTemplate(
    "{% for m in messages %}{% if loop.index0 % 2 == 0 and messages[loop.index0 - 1] is defined %}" +
      "{{ m.role + ': ' + m.content | trim }}{% endif %}{{ '|' }}{% endfor %}" +
      "{{ range(3) | join(',') }}{{ range(5, 1, -2) | join }}{{ None is none and True }}{{ strftime_now('%Y') | length }}",
  );
  const messages = Array.from(
    { length: 10_000 },
    (_, at) => ({ role: at % 2 ? "assistant" : "user", content: `turn ${at} ` }),
  );
  const text = template.render({ messages }, messages.length * 10);
  assert(text.endsWith("0,1,253true4"), text.slice(-40));
  assertEquals(text.split("|").length, 10_001);
  assertEquals(text.split("|")[2], "user: turn 2");
});
