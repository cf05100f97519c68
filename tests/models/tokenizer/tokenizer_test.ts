import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { Kitoken } from "kitoken";
import { FormatError } from "../../../models/formats/error.ts";
import { loadTokenizer, type Tokenizer } from "../../../models/tokenizer/tokenizer.ts";
import { byteLevelJson, LLAMA_JSON, SAMPLE_TEXTS, sentencePieceModel } from "../sample_tokenizers.ts";
import { stringsOf } from "../strings_of.ts";
import { inFolder } from "../temp_folder.ts";

const DATA = fromFileUrl(new URL("../../../../shared/data/", import.meta.url));
const TEXTS = [
  ...SAMPLE_TEXTS,
  "",
  " ",
  "   two  spaces ",
  "\n\n\ttab\r\n",
  "</s> and <s> and <unk> and <0x0A>",
  "▁ mark",
  "龘𠀀 😀👩‍👩‍👧 e\u0301",
  "\0\u0001\ufeffafter",
  "\ufffd",
];

/** Runs a test with the tokenizer that lies in a folder of the given files. */
function withTokenizer(
  files: Record<string, string | Uint8Array>,
  run: (tokenizer: Tokenizer, directory: string) => void | Promise<void>,
): Promise<void> {
  return inFolder(async (directory) => {
    for (const [name, content] of Object.entries(files)) {
      const path = join(directory, name);
      await (typeof content === "string" ? Deno.writeTextFile(path, content) : Deno.writeFile(path, content));
    }
    using tokenizer = await loadTokenizer(directory);
    await run(tokenizer, directory);
  });
}

const KINDS: [kind: string, files: Record<string, string | Uint8Array>][] = [
  ["tokenizer.json with byte fallback", { "tokenizer.json": LLAMA_JSON }],
  ["byte-level tokenizer.json", { "tokenizer.json": byteLevelJson() }],
  ["SentencePiece tokenizer.model", { "tokenizer.model": sentencePieceModel() }],
];

/** Text of random characters: some frequent, some from anywhere in Unicode. */
function randomText(seed: number): string {
  let state = seed;
  const next = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const known = [...SAMPLE_TEXTS.join(" \n▁<s></s>")];
  return Array.from({ length: next(40) }, () => {
    if (next(3) > 0) return known[next(known.length)]!;
    const code = next(0x110000);
    return code >= 0xd800 && code < 0xe000 ? " " : String.fromCodePoint(code);
  }).join("");
}

for (const [kind, files] of KINDS) {
  Deno.test(`decode() gives back every text that encode() took: ${kind}`, () =>
    withTokenizer(files, (tokenizer) => {
      const random = Array.from({ length: 300 }, (_, seed) => randomText(seed));
      for (const text of [...TEXTS, ...random]) {
        // SentencePiece knows no mark of its own: it comes back as the space that it stands for.
        const wanted = kind.includes("byte-level") ? text : text.replaceAll("▁", " ");
        assertEquals(tokenizer.decode(tokenizer.encode(text)), wanted);
      }
    }));

  Deno.test(`encode() never gives a special id: ${kind}`, () =>
    withTokenizer(files, (tokenizer) => {
      for (const text of ["<s>", "</s>", "a</s>b", "<unk>", "<|end_of_text|>", "<|eot_id|>", ...TEXTS]) {
        assert(tokenizer.encode(text).every((id) => !tokenizer.isSpecial(id) && id < tokenizer.vocabularySize), text);
      }
      assertEquals(tokenizer.encode("").length, 0);
    }));

  Deno.test(`stream() gives whole characters that join to decode()'s text: ${kind}`, () =>
    withTokenizer(files, (tokenizer) => {
      for (const text of TEXTS) {
        const ids = [tokenizer.bosId, ...tokenizer.encode(text), tokenizer.eosId];
        const stream = tokenizer.stream();
        const parts = ids.map((id) => stream.push(id));
        assertEquals(parts.join("") + stream.end(), tokenizer.decode(ids));
        if (!text.includes("\ufffd")) assert(!parts.join("").includes("\ufffd"), `half a character of ${text}`);
        for (const part of parts) assert(part.isWellFormed());
      }
    }));

  Deno.test(`encode() takes lone surrogates as U+FFFD: ${kind}`, () =>
    withTokenizer(files, (tokenizer) => {
      assertEquals(tokenizer.decode(tokenizer.encode("a\ud800b\udc00")), "a\ufffdb\ufffd");
    }));
}

Deno.test("stream() holds the bytes of a character back until the last one", () =>
  withTokenizer({ "tokenizer.json": LLAMA_JSON }, (tokenizer) => {
    const ids = [...new TextEncoder().encode("鬱")].map((byte) => byte + 3); // the byte pieces start at id 3
    const stream = tokenizer.stream();
    assertEquals(ids.map((id) => stream.push(id)), ["", "", "鬱"]);
    assertEquals([stream.push(ids[0]!), stream.push(ids[1]!), stream.end()], ["", "", "\ufffd"]);
    assertEquals(tokenizer.decode([ids[0]!, ids[1]!, ...tokenizer.encode("a")]), "\ufffd a");
  }));

Deno.test("stream(true) keeps a leading space, stream() and decode() do not", () =>
  withTokenizer({ "tokenizer.json": LLAMA_JSON }, (tokenizer) => {
    const ids = tokenizer.encode("the cat");
    const text = (continues: boolean) => {
      const stream = tokenizer.stream(continues);
      return [...ids].map((id) => stream.push(id)).join("") + stream.end();
    };
    assertEquals([text(true), text(false), tokenizer.decode(ids)], [" the cat", "the cat", "the cat"]);
  }));

Deno.test("decode() refuses an id that is not in the vocabulary", () =>
  withTokenizer({ "tokenizer.json": LLAMA_JSON }, (tokenizer) => {
    for (const id of [-1, tokenizer.vocabularySize, 1.5, NaN]) {
      assertThrows(() => tokenizer.decode([id]), RangeError, `token id ${id}`);
    }
  }));

Deno.test("a SentencePiece model and the tokenizer.json of the same pieces give the same ids", () =>
  withTokenizer(
    { "tokenizer.json": LLAMA_JSON },
    (json) =>
      withTokenizer({ "tokenizer.model": sentencePieceModel() }, (model) => {
        assertEquals([model.bosId, model.eosId, model.unkId, model.vocabularySize], [1, 2, 0, json.vocabularySize]);
        for (const text of [...SAMPLE_TEXTS, "</s>", "龘", "a\nb", " x "]) {
          assertEquals(model.encode(text), json.encode(text), text);
        }
      }),
  ));

Deno.test("loadTokenizer() prefers tokenizer.json to tokenizer.model", () =>
  withTokenizer({ "tokenizer.json": LLAMA_JSON, "tokenizer.model": "garbage" }, (tokenizer) => {
    assertEquals(tokenizer.decode(tokenizer.encode("the cat")), "the cat");
  }));

Deno.test("loadTokenizer() takes begin and end from tokenizer_config.json, else from the tokenizer", async () => {
  const config = (record: unknown) => ({
    "tokenizer.json": LLAMA_JSON,
    "tokenizer_config.json": JSON.stringify(record),
  });
  const limits = (record: unknown) => {
    let found: number[] = [];
    return withTokenizer(config(record), (tokenizer) => {
      found = [tokenizer.bosId, tokenizer.eosId];
    }).then(() => found);
  };
  assertEquals(await limits({}), [1, 2]);
  assertEquals(await limits({ bos_token: "", eos_token: null }), [1, 2]);
  assertEquals(await limits({ bos_token: "</s>", eos_token: { content: "<s>", special: true } }), [2, 1]);
  await assertRejects(() => limits({ eos_token: "<end>" }), FormatError, 'eos_token is "<end>", not in');
  await assertRejects(() => limits({ eos_token: 3 }), FormatError, "eos_token");
  await withTokenizer({ "tokenizer.json": byteLevelJson() }, (tokenizer) => {
    assertEquals([tokenizer.bosId, tokenizer.eosId, tokenizer.unkId], [265, 266, undefined]);
    assertEquals([264, 265, 266, 267].map((id) => tokenizer.isSpecial(id)), [false, true, true, true]);
    assertEquals(tokenizer.vocabularySize, 268);
  });
});

Deno.test("added tokens that are not special keep their ids and their text", () => {
  const record = JSON.parse(LLAMA_JSON);
  const size = Object.keys(record.model.vocab).length;
  const added = (id: number, content: string, special: boolean) => ({
    id,
    content,
    special,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  record.added_tokens.push(added(size, "<pad>", true), added(size + 1, "[甲]", false), added(size + 2, "[乙]", false));
  return withTokenizer({ "tokenizer.json": JSON.stringify(record) }, (tokenizer) => {
    const ids = [...tokenizer.encode("the [乙]cat[甲]")];
    assertEquals([ids.includes(size + 1), ids.includes(size + 2), ids.includes(size)], [true, true, false]);
    assert(!tokenizer.encode("<pad>").includes(size));
    assertEquals(tokenizer.decode(ids).replaceAll(" ", ""), "the[乙]cat[甲]");
    assertEquals([tokenizer.vocabularySize, tokenizer.isSpecial(size), tokenizer.isSpecial(size + 1)], [
      size + 3,
      true,
      false,
    ]);
  });
});

Deno.test("loadTokenizer() says what it looked for when there is no tokenizer", () =>
  inFolder(async (directory) => {
    const message = "looked for tokenizer.json and tokenizer.model";
    await assertRejects(() => loadTokenizer(directory), FormatError, message);
  }));

Deno.test("a tokenizer goes on working after another was disposed", () =>
  withTokenizer({ "tokenizer.json": LLAMA_JSON }, async (tokenizer) => {
    await withTokenizer({ "tokenizer.json": byteLevelJson() }, (other) => {
      assertNotEquals(other.encode("hello"), tokenizer.encode("hello"));
    });
    assertEquals(tokenizer.decode(tokenizer.encode("hello 你好")), "hello 你好");
  }));

const hasData = await Deno.stat(DATA).then(() => true, () => false);

Deno.test({
  name: `encode() agrees with kitoken on real Chinese text${hasData ? "" : " (skipped: ../shared/data is absent)"}`,
  ignore: !hasData,
  fn: async () => {
    const directory = join(DATA, "tinystories-260k");
    using tokenizer = await loadTokenizer(directory);
    const other = Kitoken.from_tokenizers(await Deno.readFile(join(directory, "tokenizer.json")));
    let compared = 0;
    for (
      const file of [
        "belle/zh_seed_tasks.json",
        "belle/eval_set_first500.json",
        "alpaca-chinese/alpaca_zh_00000_03252.json",
      ]
    ) {
      let place = 0;
      for (const text of stringsOf(join(DATA, file))) {
        if (place++ % 8 !== 0) continue;
        const ids = tokenizer.encode(text);
        assertEquals([...ids], [...other.encode(text, false)]);
        assertEquals(tokenizer.decode(ids), text.toWellFormed());
        compared++;
      }
    }
    other.free();
    assert(compared > 1000, `${compared} strings compared`);
  },
});
