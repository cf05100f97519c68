// Tokenizers of GPT-2's kind against MLC's library, which is Hugging Face's Rust code; the published vectors of Qwen's are
// in tokenizer_test.ts.
import { assert, assertEquals } from "@std/assert";
import { ByteBpeEncoder } from "../../../models/tokenizer/byte_bpe_encoder.ts";
import { ByteNeighbours } from "../../../models/tokenizer/byte_neighbours.ts";
import {
  byteLevelTokenizer,
  type Splitting,
  SPLITTINGS,
} from "../../../models/formats/tokenizer/byte_level_tokenizer.ts";
import { parseTokenizerJson, type TokenizerJson } from "../../../models/formats/tokenizer/tokenizer_json.ts";
import { loadLibraryEncoder } from "../../../models/tokenizer/library_encoder.ts";
import { randomText } from "../random_text.ts";
import { byteLevelJson, SAMPLE_TEXTS } from "../sample_tokenizers.ts";

/** What is a blank in JavaScript alone, and in Unicode alone, often enough to be joined to what is beside it. */
const BLANKS = "!\ufeff".repeat(12) + "!\u0085".repeat(12);
/** Texts that merges are learnt from: words, Chinese, accents, and characters that share bytes. */
const TEXTS = [
  ...SAMPLE_TEXTS,
  BLANKS,
  "中国的中文的 的一是不了 café naïve 12 123 1234 it's we'll  \n\n ä é ö the then there",
];
const BYTES = Array.from({ length: 256 }, (_, byte) => characterOf(byte));

/** A byte in the alphabet of byte-level tokenizers: printable Latin-1 stands for itself, the others follow 255. */
function characterOf(byte: number): string {
  const printable = (each: number) => each > 32 && each < 127 || each > 160 && each !== 173 && each < 256;
  if (printable(byte)) return String.fromCharCode(byte);
  return String.fromCharCode(
    256 + Array.from({ length: byte }, (_, each) => each).filter((each) => !printable(each)).length,
  );
}

/** Merges learnt from texts without regard to characters, so that pieces begin and end inside of them. */
function learnMerges(count: number): string[] {
  const encoder = new TextEncoder();
  let rows = TEXTS.map((text) => [...encoder.encode(text)].map((byte) => BYTES[byte]!));
  const merges: string[] = [];
  while (merges.length < count) {
    const counts = new Map<string, number>();
    for (const row of rows) {
      for (let i = 1; i < row.length; i++) {
        const pair = `${row[i - 1]} ${row[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const [best] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]!;
    merges.push(best);
    const [left, right] = best.split(" ");
    rows = rows.map((row) => {
      const joined: string[] = [];
      for (const each of row) {
        if (joined.at(-1) === left && each === right) joined[joined.length - 1] = left! + right!;
        else joined.push(each);
      }
      return joined;
    });
  }
  return merges;
}

/** A tokenizer with learnt merges, two control tokens, and two that are cut out of a text. */
function tokenizerOf(splitting: Splitting): TokenizerJson {
  const merges = learnMerges(150);
  const texts = [...new Set([...BYTES, ...merges.map((merge) => merge.replace(" ", ""))])];
  const added = ["<|end|>", "<|start|>", "<think>", "<think>x"];
  const file = byteLevelTokenizer({
    vocabulary: texts.map((text, id) => ({ id, text })),
    merges,
    added: added.map((text, i) => ({ id: texts.length + i, text, special: i < 2 })),
    splitting,
  });
  return parseTokenizerJson(new TextEncoder().encode(JSON.stringify(file)), "tokenizer.json");
}

/** Random text without characters that the library's older Unicode does not know. */
const knownText = (seed: number) => randomText(seed).toWellFormed().replace(/[\u{10000}-\u{10ffff}]/gu, "");

const AWKWARD = [
  ...["", " ", "\n", "a<think>b<think>xc</think>", "<|end|>a<|start|>", "<think>", "e\u0301 \u0301<think>\u0301"],
  ...["it'S WE'LL it'\u017f I'M", "a\u0085b\ufeffc\u3000 d\u2028 e", "  \n\n  x  \t\r\n y  ", "123 1234５６七 ²½"],
  ...["中国的中文的".repeat(40), "的".repeat(100), "a".repeat(300), "😀😀👍🏽 क्षि", " 中 国"],
];

for (const splitting of Object.keys(SPLITTINGS) as Splitting[]) {
  Deno.test(`byte-level text split as ${splitting} gives the library's ids, also when it is remembered`, async () => {
    const { byteBpe, encoderJson } = tokenizerOf(splitting);
    assert(byteBpe !== undefined);
    const encoder = new ByteBpeEncoder(byteBpe);
    const library = await loadLibraryEncoder("fromJSON", encoderJson, "tokenizer.json");
    const texts = [...AWKWARD, ...TEXTS, ...Array.from({ length: 800 }, (_, seed) => knownText(seed + 1))];
    for (let time = 0; time < 2; time++) {
      for (const text of texts) {
        assertEquals([...encoder.encode(text, Infinity)], [...library.encode(text)], JSON.stringify(text));
      }
    }
    const whole = encoder.encode(TEXTS.join(" "), Infinity);
    for (const limit of [0, 1, 9]) {
      assertEquals(encoder.encode(TEXTS.join(" "), limit).slice(0, limit), whole.slice(0, limit));
    }
    library.dispose();
  });
}

Deno.test("a tokenizer that splits or changes text in another way is left to the library", () => {
  const change = (edit: (file: Record<string, unknown>) => void) => {
    const file = JSON.parse(byteLevelJson());
    edit(file);
    return parseTokenizerJson(new TextEncoder().encode(JSON.stringify(file)), "tokenizer.json").byteBpe;
  };
  const regex = (use_regex: boolean) => ({ type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex });
  assert(change((file) => file.pre_tokenizer = regex(true)) !== undefined);
  const others: ((file: Record<string, unknown>) => void)[] = [
    (file) => file.pre_tokenizer = regex(false),
    (file) => file.pre_tokenizer = { ...regex(true), add_prefix_space: true },
    (file) => file.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "Digits" }, regex(false)] },
    (file) => Object.assign(file, { pre_tokenizer: regex(true), normalizer: { type: "Lowercase" } }),
    (file) =>
      Object.assign(file, {
        pre_tokenizer: regex(true),
        added_tokens: [{ id: 5000, content: "<x>", special: false, lstrip: true }],
      }),
  ];
  for (const [at, edit] of others.entries()) assertEquals(change(edit), undefined, `change ${at}`);
});

Deno.test("ByteNeighbours never denies two characters that a piece spans, in whole or in part", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const neighbours = new ByteNeighbours();
  neighbours.add(bytes("ab的中"));
  neighbours.add(bytes("é国").slice(1)); // the end of é
  neighbours.add(bytes("x一").slice(0, 3)); // the beginning of 一
  neighbours.add(bytes("好😀").slice(2, 5)); // parts of both
  const may = (two: string) => {
    const [left, right] = [...two];
    return neighbours.mayJoin(left!.codePointAt(0)!, right!.codePointAt(0)!);
  };
  for (const two of ["ab", "b的", "的中", "é国", "x一", "x丁", "好😀", "好😁"]) assert(may(two), two);
  assertEquals(["ba", "a的", "中的", "x国", "一x", "é一", "😀好", "a😀"].filter(may), []);
});
