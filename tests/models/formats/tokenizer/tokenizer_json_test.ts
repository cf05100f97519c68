import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../../../../models/formats/error.ts";
import { parseTokenizerJson } from "../../../../models/formats/tokenizer/tokenizer_json.ts";
import { byteLevelJson, LLAMA_JSON } from "../../sample_tokenizers.ts";

interface Draft {
  [field: string]: unknown;
  added_tokens: { id: number; content: string; special: boolean }[];
  model: { [field: string]: unknown; vocab: Record<string, unknown>; merges: unknown[] };
}

/** Parses the sample after a change. */
function parse(change: (draft: Draft) => void, text = LLAMA_JSON) {
  const draft = JSON.parse(text) as Draft;
  change(draft);
  return parseTokenizerJson(new TextEncoder().encode(JSON.stringify(draft)), "tokenizer.json");
}

const FAULTS: [change: (draft: Draft) => void, message: string][] = [
  [(draft) => draft.model.type = "Unigram", 'model.type is "Unigram"; supported: "BPE"'],
  [(draft) => draft.model.vocab["the"] = 5, "has the id 5 of another piece"],
  [(draft) => draft.model.vocab["new"] = -1, 'piece "new" has the id -1'],
  [(draft) => draft.model.vocab["new"] = 1e9, 'piece "new" has the id 1000000000'],
  [(draft) => draft.model.vocab["new"] = "7", 'piece "new" has the id "7"'],
  [(draft) => draft.model.vocab = {}, "model.vocab is empty"],
  [(draft) => draft.model.vocab = [] as never, "vocab"],
  [(draft) => draft.model.merges[3] = "a b c", 'merge 3 is "a b c"; wanted two pieces'],
  [(draft) => draft.model.merges[3] = ["▁"], 'merge 3 is ["▁"]'],
  [(draft) => draft.model.merges[3] = ["▁", "zzz"], 'merge 3 needs "zzz", which has no id'],
  [(draft) => draft.model.merges[3] = ["▁", "▁"], 'merge 3 needs "▁▁"'],
  [(draft) => draft.model.merges = null as never, "merges"],
  [(draft) => draft.model.unk_token = "<none>", 'model.unk_token is "<none>"'],
  [(draft) => draft.added_tokens[1]!.id = 2, 'added token "<s>" has the id 2 of another piece'],
  [(draft) => draft.added_tokens.push({ id: 9, content: "<new>", special: false }), '"<new>" has the id 9'],
  [(draft) => draft.added_tokens[1]!.id = -1, "added_tokens"],
  [(draft) => draft["decoder"] = null, "the decoder is not one of a LLaMA tokenizer"],
  [(draft) => draft["decoder"] = { type: "WordPiece" }, "the decoder is not one of a LLaMA tokenizer"],
  [(draft) => draft["decoder"] = { type: "Fuse" }, "has no step ByteLevel, Metaspace or Replace"],
  [(draft) => draft["normalizer"] = { type: "Precompiled" }, 'normalizer has the type "Precompiled"'],
  [(draft) => draft["normalizer"] = { type: "Sequence" }, "normalizer.normalizers"],
  [
    (draft) => draft["pre_tokenizer"] = { type: "Sequence", pretokenizers: [{ type: "BertPreTokenizer" }] },
    'pre_tokenizer has the type "BertPreTokenizer"',
  ],
];

Deno.test("parseTokenizerJson() refuses what the library would abort on or what cannot be decoded", () => {
  for (const [change, message] of FAULTS) {
    assertThrows(() => parse(change), FormatError, message);
  }
});

Deno.test("parseTokenizerJson() refuses text that is not JSON, and repeated pieces", () => {
  const parseText = (text: string) => parseTokenizerJson(new TextEncoder().encode(text), "tokenizer.json");
  assertThrows(() => parseText("hello"), FormatError, "tokenizer.json is not valid JSON");
  assertThrows(() => parseText("{}"), FormatError, "model");
  assertThrows(() => parseText(LLAMA_JSON.slice(0, -100)), FormatError, "is not valid JSON");
  const twice = LLAMA_JSON.replace('"<0x00>": 3', '"<0x00>": 3, "<0x00>": 999');
  assertThrows(() => parseText(twice), FormatError, 'the key "<0x00>" twice');
});

Deno.test("parseTokenizerJson() keeps a piece called __proto__", () => {
  const text = LLAMA_JSON.replace('"<0x00>": 3', '"<0x00>": 3, "__proto__": 999');
  const { vocabulary, encoderJson } = parseTokenizerJson(new TextEncoder().encode(text), "tokenizer.json");
  assertEquals([vocabulary.ids.get("__proto__"), vocabulary.bytes[500], vocabulary.bytes.length], [
    999,
    undefined,
    1000,
  ]);
  assertEquals(new TextDecoder().decode(encoderJson).includes('"__proto__":999'), true);
});

Deno.test("parseTokenizerJson() knows how each kind of piece is written", () => {
  const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
  const llama = parse(() => {}).vocabulary;
  assertEquals([text(llama.bytes[13]), text(llama.bytes[llama.ids.get("▁the")!])], ["\n", " the"]);
  assertEquals([llama.stripsLeadingSpace, llama.unkId, llama.bosId, llama.eosId], [true, 0, 1, 2]);
  const bytes = parse(() => {}, byteLevelJson()).vocabulary;
  assertEquals([text(bytes.bytes[bytes.ids.get("Ġw")!]), text(bytes.bytes[bytes.ids.get("å¥½")!])], [" w", "好"]);
  assertEquals([bytes.stripsLeadingSpace, bytes.unkId], [false, undefined]);
});

Deno.test("parseTokenizerJson() reads the newer Metaspace form", () => {
  const metaspace = (scheme: string) => ({ type: "Metaspace", replacement: "▁", prepend_scheme: scheme, split: false });
  const strips = (decoder: unknown) => parse((draft) => draft["decoder"] = decoder).vocabulary.stripsLeadingSpace;
  assertEquals([strips(metaspace("first")), strips(metaspace("never"))], [true, false]);
  assertEquals(strips({ type: "Metaspace", replacement: "▁", add_prefix_space: false }), false);
});
