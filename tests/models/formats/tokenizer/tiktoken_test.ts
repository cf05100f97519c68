import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { FormatError } from "../../../../models/formats/error.ts";
import { isTiktoken, tokenizerOfTiktoken } from "../../../../models/formats/tokenizer/tiktoken.ts";
import { byteLevelPieceBytes } from "../../../../models/formats/tokenizer/vocabulary.ts";
import { writeModelTokenizer } from "../../../../models/model_source.ts";
import { loadTokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import original from "../../goldens/qwen_tokenizer/tokenizer.json" with { type: "json" };
import { inFolder } from "../../temp_folder.ts";

const vocabulary = Object.entries(original.model.vocab).sort(([, a], [, b]) => a - b);
/** The tokens of a tokenizer that Hugging Face's trainer has made, where ids are ranks. */
const ranks = vocabulary.map(([piece, id]) => `${btoa(String.fromCharCode(...byteLevelPieceBytes(piece)))} ${id}\n`);
const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("tokenizerOfTiktoken() finds the merges that a list of ranks was made by", () => {
  const bytes = utf8(ranks.join(""));
  assert(isTiktoken(bytes));
  const { model } = tokenizerOfTiktoken(bytes, "tokenizer.model") as typeof original;
  assertEquals(model.vocab, original.model.vocab);
  assert(original.model.merges.length > 100);
  assertEquals(model.merges as unknown, original.model.merges.map((pair) => pair.join(" ")));
});

Deno.test("a folder with LLaMA 3's list of ranks gets a tokenizer with its special tokens", () =>
  inFolder(async (folder) => {
    const target = join(folder, "tokenizer");
    await Deno.mkdir(target);
    await Deno.writeTextFile(join(folder, "tokenizer.model"), ranks.join(""));
    assertEquals(await writeModelTokenizer(folder, target), target);
    using tokenizer = await loadTokenizer(target);
    assertEquals([tokenizer.bosId, tokenizer.eosId], [ranks.length, ranks.length + 1]);
    assertEquals(tokenizer.vocabularySize, ranks.length + 256);
    const text = "Hello, nice to meet you! 你好 12345 <|eot_id|>";
    const ids = tokenizer.encode(text);
    assert(ids.length < utf8(text).length && ids.every((id) => id < ranks.length));
    assertEquals(tokenizer.decode(ids), text);
  }));

Deno.test("tokenizerOfTiktoken() refuses lists with gaps, repetitions and broken lines; other files are no lists", () => {
  const faults: [string, string][] = [
    ["IQ== 0\nIg== 2\n", 'line 2 is "Ig== 2"; wanted a token and rank 1'],
    ["IQ== 0\nIQ== 1\n", "has a token twice"],
    ["IQ== 0\nI 1\n", 'line 2 is "I 1"'],
    ["IQ== 0\n\nIg== 1\n", "line 2"],
  ];
  for (const [text, message] of faults) {
    assertThrows(() => tokenizerOfTiktoken(utf8(text), "tokenizer.model"), FormatError, message);
  }
  for (const bytes of [new Uint8Array(), Uint8Array.of(10), utf8("\x0a\x0e\n\x05<unk>"), utf8("version 1\n")]) {
    assertEquals(isTiktoken(bytes), false);
  }
});
