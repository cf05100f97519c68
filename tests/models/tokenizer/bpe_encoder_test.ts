import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { parseTokenizerJson } from "../../../models/formats/tokenizer/tokenizer_json.ts";
import { BpeEncoder } from "../../../models/tokenizer/bpe_encoder.ts";
import { loadLibraryEncoder } from "../../../models/tokenizer/library_encoder.ts";
import { loadTokenizer, type Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { llamaTokenizerJson, llamaTokenizerModel } from "../llama_tokenizer.ts";
import { randomText } from "../random_text.ts";
import { LLAMA_JSON } from "../sample_tokenizers.ts";
import { stringsOf } from "../strings_of.ts";
import { inFolder } from "../temp_folder.ts";

const DATA = fromFileUrl(new URL("../../../../shared/data/", import.meta.url));
const hasData = await Deno.stat(DATA).then(() => true, () => false);

let loaded: { readonly json: Tokenizer; readonly model: Tokenizer } | undefined;
Deno.test.afterAll(() => {
  loaded?.json[Symbol.dispose]();
  loaded?.model[Symbol.dispose]();
});

/** Runs a test with the true LLaMA tokenizer, from tokenizer.json and from tokenizer.model, which are read once. */
async function withLlama(run: (json: Tokenizer, model: Tokenizer) => void | Promise<void>): Promise<void> {
  loaded ??= await inFolder((one) =>
    inFolder(async (other) => {
      await Deno.writeTextFile(join(one, "tokenizer.json"), llamaTokenizerJson());
      await Deno.writeFile(join(other, "tokenizer.model"), llamaTokenizerModel());
      return { json: await loadTokenizer(one), model: await loadTokenizer(other) };
    })
  );
  await run(loaded.json, loaded.model);
}

/** The vectors that Chinese-Vicuna's own tokenizer gives, without bos and eos. */
const VECTORS: readonly [text: string, ids: number[]][] = [
  ["Hello, nice to meet you!", [15043, 29892, 7575, 304, 5870, 366, 29991]],
  ["你好很高兴能见到你！", [
    29871,
    30919,
    31076,
    232,
    193,
    139,
    30528,
    31914,
    30815,
    235,
    170,
    132,
    30780,
    30919,
    30584,
  ]],
];

Deno.test("the LLaMA tokenizer gives the published vectors, from either file", () =>
  withLlama((json, model) => {
    for (const [text, ids] of VECTORS) {
      assertEquals([...json.encode(text)], ids);
      assertEquals([...model.encode(text)], ids);
      assertEquals(json.decode(ids), text);
    }
    assertEquals([json.bosId, json.eosId, json.unkId, json.vocabularySize], [1, 2, 0, 32000]);
  }));

Deno.test("control and byte tokens in a text stay text: no id of theirs comes out, and it decodes to itself", () =>
  withLlama((json, model) => {
    for (const text of ["</s>", "a<s>b</s>c<unk>", "<0x0A>", "[INST] <<SYS>> </s><s>"]) {
      const ids = [...json.encode(text)];
      assert(ids.every((id) => id >= 3), `${text}: ${ids}`);
      assert(!ids.includes(13), "a byte token that is spelt out is no newline");
      assertEquals([...model.encode(text)], ids);
      assertEquals(json.decode(ids), text);
    }
  }));

Deno.test("encode() and decode() give back any text, but for SentencePiece's mark of a space, and agree with the library on it", () =>
  withLlama(async (json, model) => {
    const { encoderJson } = parseTokenizerJson(new TextEncoder().encode(llamaTokenizerJson()), "tokenizer.json");
    const library = await loadLibraryEncoder("fromJSON", encoderJson, "tokenizer.json");
    for (let seed = 1; seed <= 1000; seed++) {
      const text = randomText(seed);
      const ids = json.encode(text);
      // SentencePiece's own mark is a space.
      const wanted = text.replaceAll("▁", " ");
      assertEquals(json.decode(ids), wanted, `seed ${seed}`);
      assertEquals(model.decode(model.encode(text)), wanted, `seed ${seed}`);
      if (seed % 5 === 0) assertEquals(ids, library.encode(text), `seed ${seed}: ${JSON.stringify(text)}`);
    }
    library.dispose();
  }));

Deno.test("encode() takes the first ids when it is told how many, and spelling says how many bytes they stand for", () =>
  withLlama((json) => {
    const bytes = new TextEncoder();
    for (let seed = 1; seed <= 300; seed++) {
      const text = randomText(seed);
      const ids = json.encode(text);
      for (const limit of [0, 1, 7, ids.length, ids.length + 1]) {
        assertEquals(json.encode(text, limit), ids.slice(0, limit), `seed ${seed}, limit ${limit}`);
      }
      const { lead, bytesOf, bytesIn } = json.spelling!;
      const wanted = bytes.encode(text.replaceAll("▁", " ")).length;
      assertEquals(bytesIn(text), wanted);
      assertEquals(ids.reduce((sum, id) => sum + bytesOf(id), 0), text === "" ? 0 : wanted + lead);
    }
  }));

Deno.test("encode() takes time in proportion to the text, whatever is in it", () =>
  withLlama((json) => {
    // With time in proportion to its square, each would take a minute.
    const started = performance.now();
    for (const text of [" ".repeat(200_000), "a".repeat(200_000), "ab".repeat(100_000), "=-".repeat(100_000)]) {
      assertEquals(json.decode(json.encode(text)), text);
    }
    assert(performance.now() - started < 60_000);
  }));

Deno.test("merges of equal rank are taken from the left, and a character without a piece may still be joined", () => {
  const byteIds = Array.from({ length: 256 }, (_, byte) => byte + 100);
  const encoder = new BpeEncoder({
    pieces: new Map([["a", 1], ["ab", 2], ["ba", 3], ["aba", 4]]),
    merges: [{ left: "a", right: "b", rank: 0 }, { left: "b", right: "a", rank: 0 }],
    byteIds,
    leadingSpace: false,
  });
  const b = byteIds[98]!;
  assertEquals([...encoder.encode("aba", 9)], [2, 1]);
  assertEquals([...encoder.encode("baab", 9)], [3, 2]);
  assertEquals([...encoder.encode("bab", 9)], [3, b]);
  assertEquals([...encoder.encode("b", 9)], [b]);
});

Deno.test("a tokenizer of another kind is left to the library", () => {
  const bpeOf = (change: (record: Record<string, unknown>) => void) => {
    const record = JSON.parse(LLAMA_JSON);
    change(record);
    return parseTokenizerJson(new TextEncoder().encode(JSON.stringify(record)), "tokenizer.json").bpe;
  };
  assert(bpeOf(() => {}) !== undefined);
  const others: ((record: Record<string, unknown>) => void)[] = [
    (record) => record.normalizer = { type: "NFC" },
    (record) => record.pre_tokenizer = { type: "Whitespace" },
    (record) => record.model = { ...record.model as object, byte_fallback: false },
    (record) => record.model = { ...record.model as object, ignore_merges: true },
    (record) => record.added_tokens = [{ id: 5000, content: "[甲]", special: false }],
  ];
  for (const change of others) assertEquals(bpeOf(change), undefined);
});

Deno.test({
  name: `the LLaMA tokenizer agrees with Hugging Face's on every string of the data${
    hasData ? "" : " (skipped: ../shared/data is absent)"
  }`,
  ignore: !hasData,
  fn: () =>
    withLlama((json, model) => {
      const record = JSON.parse(llamaTokenizerJson());
      const other = new HuggingFaceTokenizer(record, {});
      let compared = 0;
      const texts = new Set(dataFiles(DATA).flatMap((path) => [...stringsOf(path)]));
      for (const text of texts) {
        const ids = [...json.encode(text)];
        assertEquals([...model.encode(text)], ids);
        // Its added tokens are found in the text, which ours must not do.
        if (/<unk>|<\/?s>/.test(text)) continue;
        assertEquals(other.encode(text, { add_special_tokens: false }).ids, ids, text.slice(0, 80));
        compared++;
      }
      assert(compared > 10_000, `${compared} strings compared`);
    }),
});

function dataFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return dataFiles(join(folder, name));
    return /\.jsonl?$/.test(name) && name !== "tokenizer.json" ? [join(folder, name)] : [];
  });
}
