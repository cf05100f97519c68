import { assert, assertEquals, assertThrows } from "@std/assert";
import { Kitoken } from "kitoken";
import { join } from "@std/path";
import { learnMerges } from "../../../../models/formats/tokenizer/bpe_trainer.ts";
import { buildTokenizer } from "../../../../models/formats/tokenizer/tokenizer_builder.ts";
import { loadTokenizer } from "../../../../models/tokenizer/tokenizer.ts";
import { SAMPLE_TEXTS } from "../../sample_tokenizers.ts";
import { inFolder } from "../../temp_folder.ts";

const vocabularyOf = (json: string) => JSON.parse(json).model.vocab as Record<string, number>;

Deno.test("learnMerges() joins the most frequent pair first, and ties by code unit", () => {
  const chunks = new Map([["aab", 3], ["cab", 2], ["xy", 5], ["z", 9]]);
  const merges = learnMerges(chunks, new Set("abcxyz"), 10);
  // ab occurs 5 times, as xy does; then aab 3 times and cab 2 times.
  assertEquals(merges, [["a", "b"], ["x", "y"], ["a", "ab"], ["c", "ab"]]);
  assertEquals(learnMerges(chunks, new Set("abcxyz"), 2), [["a", "b"], ["x", "y"]]);
  assertEquals(learnMerges(chunks, new Set("xz"), 10), []);
});

Deno.test("learnMerges() gives what counting anew after every merge gives", () => {
  const words = SAMPLE_TEXTS.join(" ").split(" ");
  const chunks = new Map<string, number>();
  for (const word of words) chunks.set(word, (chunks.get(word) ?? 0) + 1);
  const alphabet = new Set(words.join(""));
  const cut = [...chunks].map(([text, count]) => ({ symbols: [...text], count }));
  for (const [left, right] of learnMerges(chunks, alphabet, 40)) {
    const counts = new Map<string, number>();
    for (const { symbols, count } of cut) {
      for (let i = 1; i < symbols.length; i++) {
        const key = `${symbols[i - 1]} ${symbols[i]}`;
        counts.set(key, (counts.get(key) ?? 0) + count);
      }
    }
    assertEquals(counts.get(`${left} ${right}`), Math.max(...counts.values()));
    for (const { symbols } of cut) {
      for (let i = 0; i + 1 < symbols.length; i++) {
        if (symbols[i] === left && symbols[i + 1] === right) symbols.splice(i, 2, left + right);
      }
    }
  }
});

Deno.test("buildTokenizer() lays ids out as LLaMA does and keeps to the size", () => {
  const json = buildTokenizer(SAMPLE_TEXTS, 300);
  const vocab = vocabularyOf(json);
  assertEquals(Object.values(vocab), Array.from({ length: 300 }, (_, id) => id));
  assertEquals([vocab["<unk>"], vocab["<s>"], vocab["</s>"], vocab["<0x0A>"], vocab["<0xFF>"]], [0, 1, 2, 13, 258]);
  assertEquals(vocab["▁"], 259);
  assertEquals(buildTokenizer([...SAMPLE_TEXTS], 300), json);
});

Deno.test("buildTokenizer() learns whole words, Chinese ones too", () => {
  const vocab = vocabularyOf(buildTokenizer(SAMPLE_TEXTS, 400));
  for (const word of ["▁the", "▁and", "高兴", "今天"]) assert(word in vocab, word);
});

Deno.test("buildTokenizer() gives a smaller vocabulary for little text, and refuses to leave out the bytes", () => {
  assertEquals(Object.keys(vocabularyOf(buildTokenizer([], 1000))).length, 260);
  assertThrows(() => buildTokenizer([], 259), RangeError, "at least 260");
  assertThrows(() => buildTokenizer([], NaN), RangeError);
});

Deno.test("a built tokenizer means the same to kitoken", () =>
  inFolder(async (directory) => {
    const json = buildTokenizer(SAMPLE_TEXTS, 420);
    await Deno.writeTextFile(join(directory, "tokenizer.json"), json);
    using tokenizer = await loadTokenizer(directory);
    const other = Kitoken.from_tokenizers(new TextEncoder().encode(json));
    const reversed = SAMPLE_TEXTS.map((text) => [...text].reverse().join(""));
    for (const text of [...SAMPLE_TEXTS, ...reversed, "a\nb  c", "龘 <s>", "thethethe hathat"]) {
      assertEquals([...tokenizer.encode(text)], [...other.encode(text, false)], text);
    }
    other.free();
  }));
