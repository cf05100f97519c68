import { assertEquals } from "@std/assert";
import { buildSequence, labelMask, type SequenceOptions } from "../../datasets/build_sequence.ts";
import type { PromptTemplate } from "../../datasets/templates.ts";

/** One id a character, its code; bos 1 and eos 2. */
const characters = {
  encode: (text: string) => Int32Array.from([...text], (character) => character.codePointAt(0)!),
  bosId: 1,
  eosId: 2,
};

/** The prompt is the instruction itself. */
const bare: PromptTemplate = { name: "alpaca", prompt: ({ instruction }) => instruction };

function build(instruction: string, output: string, options: Partial<SequenceOptions> = {}) {
  return buildSequence({ instruction, input: "", output }, {
    tokenizer: characters,
    template: bare,
    maxTokens: 8,
    trainOnInputs: false,
    ...options,
  });
}

function ids(...text: (string | number)[]): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(text, (item) => typeof item === "number" ? item : item.codePointAt(0)!);
}

Deno.test("buildSequence() keeps eos when a row just fits, and loses it when the row is one longer", () => {
  assertEquals(build("abc", "xyz"), {
    kind: "sequence",
    ids: ids(1, "a", "b", "c", "x", "y", "z", 2),
    labelStart: 4,
    truncated: false,
  });
  assertEquals(build("abc", "wxyz"), {
    kind: "sequence",
    ids: ids(1, "a", "b", "c", "w", "x", "y", "z"),
    labelStart: 4,
    truncated: true,
  });
});

Deno.test("buildSequence() drops a row whose labels are all cut away", () => {
  assertEquals(build("abcdef", "x"), {
    kind: "sequence",
    ids: ids(1, "a", "b", "c", "d", "e", "f", "x"),
    labelStart: 7,
    truncated: true,
  });
  assertEquals(build("abcdefg", "x"), { kind: "dropped", reason: "no label" });
  assertEquals(build("abcdefghij", "x"), { kind: "dropped", reason: "no label" });
});

Deno.test("buildSequence() labels everything behind bos when it trains on inputs", () => {
  const sequence = build("abcdefg", "x", { trainOnInputs: true });
  assertEquals(sequence, {
    kind: "sequence",
    ids: ids(1, "a", "b", "c", "d", "e", "f", "g"),
    labelStart: 1,
    truncated: true,
  });
});

Deno.test("buildSequence() labels a token that spans the seam between prompt and answer", () => {
  // "cx" is one token, so the prompt "abc" alone ends differently from the same text inside the whole.
  const merging = { ...characters, encode: (text: string) => characters.encode(text.replace("cx", "\u00e7")) };
  const sequence = build("abc", "xy", { tokenizer: merging });
  assertEquals(sequence, {
    kind: "sequence",
    ids: ids(1, "a", "b", "\u00e7", "y", 2),
    labelStart: 3,
    truncated: false,
  });
});

Deno.test("buildSequence() learns nothing but eos from an empty answer", () => {
  assertEquals(build("ab", ""), { kind: "sequence", ids: ids(1, "a", "b", 2), labelStart: 3, truncated: false });
});

Deno.test("labelMask() marks the ids from the first label on", () => {
  const sequence = build("abc", "x");
  assertEquals(sequence.kind === "sequence" && labelMask(sequence), Uint8Array.of(0, 0, 0, 0, 1, 1));
});
