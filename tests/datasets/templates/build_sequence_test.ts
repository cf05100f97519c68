import { assert, assertEquals } from "@std/assert";
import {
  buildSequence,
  promptIds,
  type SequenceOptions,
  type SequenceTokenizer,
} from "../../../datasets/templates/build_sequence.ts";
import { answered, asked } from "../../../datasets/templates/segments.ts";
import { type PromptTemplate, template } from "../../../datasets/templates/templates.ts";

/** One id a character, its code; bos 1 and eos 2. */
const characters: SequenceTokenizer = {
  encode: (text: string) => Int32Array.from([...text], (character) => character.codePointAt(0)!),
  controls: new Map([["<end>", 3]]),
  startIds: [1],
  eosId: 2,
};

/** The same, with each id known to spell one character. */
const spelling: SequenceTokenizer = {
  ...characters,
  spelling: { lead: 0, bytesOf: () => 1, bytesIn: (text) => [...text].length },
};

/** The prompt is the instruction itself. */
const bare: PromptTemplate = {
  framed: true,
  ask: ({ instruction }) => [asked(instruction)],
  segments: ({ instruction, output }) => [asked(instruction), answered(output)],
};

function build(instruction: string, output: string, options: Partial<SequenceOptions> = {}) {
  const all = { template: bare, maxTokens: 8, trainOn: "answers" as const, ...options };
  const example = { instruction, input: "", output };
  const tokenizers = options.tokenizer === undefined ? [characters, spelling] : [options.tokenizer];
  const [sequence, again = sequence] = tokenizers.map((tokenizer) => buildSequence(example, { ...all, tokenizer }));
  assertEquals(again, sequence, "both ways of finding the seam agree");
  return sequence!;
}

function ids(...text: (string | number)[]): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(text, (item) => typeof item === "number" ? item : item.codePointAt(0)!);
}

Deno.test("buildSequence() keeps eos when a row just fits, and loses it when the row is one longer", () => {
  assertEquals(build("abc", "xyz"), {
    kind: "sequence",
    ids: ids(1, "a", "b", "c", "x", "y", "z", 2),
    labelled: Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1),
    truncated: false,
  });
  assertEquals(build("abc", "wxyz"), {
    kind: "sequence",
    ids: ids(1, "a", "b", "c", "w", "x", "y", "z"),
    labelled: Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1),
    truncated: true,
  });
});

Deno.test("buildSequence() drops a row whose labels are all cut away", () => {
  assertEquals(build("abcdef", "x"), {
    kind: "sequence",
    ids: ids(1, "a", "b", "c", "d", "e", "f", "x"),
    labelled: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1),
    truncated: true,
  });
  assertEquals(build("abcdefg", "x"), { kind: "dropped", reason: "no label" });
  assertEquals(build("abcdefghij", "x"), { kind: "dropped", reason: "no label" });
});

Deno.test("buildSequence() labels everything behind bos when it trains on all", () => {
  const sequence = build("abcdefg", "x", { trainOn: "all" });
  assertEquals(sequence, {
    kind: "sequence",
    ids: ids(1, "a", "b", "c", "d", "e", "f", "g"),
    labelled: Uint8Array.of(0, 1, 1, 1, 1, 1, 1, 1),
    truncated: true,
  });
});

Deno.test("buildSequence() labels a token that spans the seam between prompt and answer", () => {
  // "cx" is one token, so the prompt "abc" alone ends differently from the same text inside the whole.
  const encode = (text: string) => characters.encode(text.replace("cx", "\u00e7"), Infinity);
  const wanted = {
    kind: "sequence" as const,
    ids: ids(1, "a", "b", "\u00e7", "y", 2),
    labelled: Uint8Array.of(0, 0, 0, 1, 1, 1),
    truncated: false,
  };
  assertEquals(build("abc", "xy", { tokenizer: { ...characters, encode } }), wanted);
  const bytesOf = (id: number) => id === 0xe7 ? 2 : 1;
  const spelt = { ...spelling, encode, spelling: { ...spelling.spelling!, bytesOf } };
  assertEquals(build("abc", "xy", { tokenizer: spelt }), wanted);
});

Deno.test("buildSequence() learns nothing but eos from an empty answer", () => {
  assertEquals(build("ab", ""), {
    kind: "sequence",
    ids: ids(1, "a", "b", 2),
    labelled: Uint8Array.of(0, 0, 0, 1),
    truncated: false,
  });
});

/** Two exchanges, each answer ended by a control token of the template. */
const turns: PromptTemplate = {
  framed: false,
  ask: () => [],
  segments: () => [
    asked("a"),
    answered("xy"),
    { control: "<end>", answer: true },
    asked("b"),
    answered("<end>"),
    { control: "<end>", answer: true },
  ],
};

Deno.test("buildSequence() labels every answer, the last one or everything, as chosen; control tokens in it are text", () => {
  const labels = (trainOn: SequenceOptions["trainOn"]) => {
    const sequence = build("", "", { template: turns, maxTokens: 20, trainOn });
    assert(sequence.kind === "sequence");
    assertEquals(sequence.ids, ids("a", "x", "y", 3, "b", "<", "e", "n", "d", ">", 3));
    return [...sequence.labelled].join("");
  };
  assertEquals(labels("answers"), "01110111111");
  assertEquals(labels("last"), "00000111111");
  assertEquals(labels("all"), "01111111111");
});

Deno.test("promptIds() is what buildSequence() gives before the answer", () => {
  const chat = template("chat");
  const example = { instruction: "三", input: "", output: "四", history: [["一", "二"]] as const };
  const sequence = buildSequence(example, { tokenizer: characters, template: chat, maxTokens: 999, trainOn: "last" });
  assert(sequence.kind === "sequence");
  assertEquals([...sequence.ids.subarray(0, sequence.labelled.indexOf(1))], promptIds(example, chat, characters));
});
