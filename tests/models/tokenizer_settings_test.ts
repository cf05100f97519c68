// How a tokenizer is set up besides its vocabulary. Looked at: tokenizer.ts, formats/tokenizer_settings.ts and what takes
// over its files (model_source.ts, formats/weight_forms.ts, stages tokenizer_of, int8_model, train_full, hugging_face);
// all that begins a text (build_sequence.ts, text_windows.ts, choices_task.ts, generate, /v1/completions); and the
// tokenizers that are written: gguf_tokenizer.ts, gguf_tokenizer_files.ts, tiktoken.ts, export/hugging_face.ts,
// init_model.ts.
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { FormatError } from "../../models/formats/error.ts";
import { openGguf } from "../../models/formats/gguf/gguf_file.ts";
import { ggufTokenizer } from "../../models/formats/gguf/gguf_tokenizer.ts";
import { ggufTokenizerFiles } from "../../models/formats/gguf/gguf_tokenizer_files.ts";
import { writeGguf } from "../../models/formats/gguf/gguf_writer.ts";
import { loadTokenizer, type Tokenizer } from "../../models/tokenizer/tokenizer.ts";
import { byteLevelJson, LLAMA_JSON, LLAMA_JSON_SIZE, sentencePieceModel } from "./sample_tokenizers.ts";
import { inFolder } from "./temp_folder.ts";

type Files = Readonly<Record<string, unknown>>;

async function write(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    if (content instanceof Uint8Array) await Deno.writeFile(join(folder, name), content);
    else {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.writeTextFile(join(folder, name), text);
    }
  }
}

/** What a folder of files is read as. */
async function read<T>(files: Files, use: (tokenizer: Tokenizer) => T): Promise<T> {
  let result: T | undefined;
  await inFolder(async (folder) => {
    await write(folder, files);
    using tokenizer = await loadTokenizer(folder);
    result = use(tokenizer);
  });
  return result!;
}

/** A tokenizer.json with another post-processor, as of a tokenizer that was saved with it or without. */
function withProcessor(json: string, processor: unknown): string {
  return JSON.stringify({ ...JSON.parse(json), post_processor: processor });
}

const startOf = (files: Files) => read(files, ({ startIds }) => [...startIds]);

Deno.test("bos stands before a text as add_bos_token says, then the tokenizer's file, then its class", async () => {
  const json = LLAMA_JSON;
  const bare = withProcessor(json, null);
  const config = (record: unknown) => ({ "tokenizer_config.json": record });
  assertEquals(await startOf({ "tokenizer.json": json, ...config({ add_bos_token: false }) }), []);
  assertEquals(await startOf({ "tokenizer.json": bare, ...config({ add_bos_token: true }) }), [1]);
  assertEquals(await startOf({ "tokenizer.json": json, ...config({ tokenizer_class: "TokenizersBackend" }) }), [1]);
  assertEquals(await startOf({ "tokenizer.json": bare, ...config({ tokenizer_class: "LlamaTokenizerFast" }) }), [1]);
  assertEquals(await startOf({ "tokenizer.json": bare, ...config({ tokenizer_class: "Qwen2Tokenizer" }) }), []);
  assertEquals(await startOf({ "tokenizer.json": byteLevelJson() }), [], "its post-processor adds nothing");
  assertEquals(await startOf({ "tokenizer.json": json, ...config({ bos_token: null }) }), []);
  assertEquals(await startOf({ "tokenizer.model": sentencePieceModel() }), [1]);
  assertEquals(await startOf({ "tokenizer.model": sentencePieceModel(), ...config({ add_bos_token: false }) }), []);
});

Deno.test("a tokenizer whose bos_token is null has none for templates either", async () => {
  const files = (bos: unknown) => ({ "tokenizer.json": LLAMA_JSON, "tokenizer_config.json": { bos_token: bos } });
  assertEquals(await read(files(null), ({ bosToken }) => bosToken), undefined);
  assertEquals(await read(files("<s>"), ({ bosToken }) => bosToken), "<s>");
  const bare = (record: unknown) => ({ "tokenizer.json": byteLevelJson(), "tokenizer_config.json": record });
  assertEquals(await read(bare({ tokenizer_class: "TokenizersBackend" }), ({ bosToken }) => bosToken), undefined);
  assertEquals(await read(bare({}), ({ bosToken }) => bosToken), "<|begin_of_text|>");
});

Deno.test("a raw text begins as the tokenizer has it, and control tokens in it are control tokens", async () => {
  await read({ "tokenizer.json": LLAMA_JSON }, (tokenizer) => {
    const [the, cat] = [[...tokenizer.encode("the")], [...tokenizer.encode("cat")]];
    assertEquals(tokenizer.encodeRaw("the</s>cat"), [1, ...the, 2, ...cat]);
    assertEquals(tokenizer.encode("</s>").includes(2), false, "not so in a message");
    assertEquals(tokenizer.encodeRaw(""), [1]);
  });
  const quiet = { "tokenizer.json": LLAMA_JSON, "tokenizer_config.json": { add_bos_token: false } };
  await read(quiet, (tokenizer) => {
    assertEquals(tokenizer.encodeRaw("the"), [...tokenizer.encode("the")]);
    assertEquals(tokenizer.encodeRaw(""), [1], "there is no going on from nothing");
  });
});

Deno.test("the chat template is read from tokenizer_config.json, text or list, and from files of its own", async () => {
  const json = { "tokenizer.json": LLAMA_JSON };
  const templates = (files: Files) =>
    read({ ...json, ...files }, ({ chatTemplate, otherTemplates }) => [chatTemplate, otherTemplates]);
  const list = [{ name: "tool_use", template: "T" }, { name: "default", template: "D" }];
  assertEquals(await templates({ "tokenizer_config.json": { chat_template: "C" } }), ["C", []]);
  assertEquals(await templates({ "tokenizer_config.json": { chat_template: list } }), ["D", [list[0]!]]);
  assertEquals(await templates({ "chat_template.jinja": "J", "tokenizer_config.json": { chat_template: "C" } }), [
    "J",
    [],
  ]);
  assertEquals(await templates({ "chat_template.json": { chat_template: "N" } }), ["N", []]);
  assertEquals(await templates({}), [undefined, []]);
});

const ADDED = {
  "tokenizer.model": sentencePieceModel(),
  "added_tokens.json": { "<|im_start|>": LLAMA_JSON_SIZE, "<|im_end|>": LLAMA_JSON_SIZE + 1 },
  "tokenizer_config.json": {
    added_tokens_decoder: {
      "2": { content: "</s>", special: true },
      [LLAMA_JSON_SIZE]: { content: "<|im_start|>", special: true },
      [LLAMA_JSON_SIZE + 2]: { content: "[乙]", special: false },
    },
  },
};

Deno.test("tokens that a folder adds to its tokenizer.model are control tokens, or text where they are not special", () =>
  read(ADDED, (tokenizer) => {
    const first = LLAMA_JSON_SIZE;
    assertEquals(tokenizer.vocabularySize, first + 3);
    assertEquals([tokenizer.controls.get("<|im_start|>"), tokenizer.controls.get("<|im_end|>")], [first, first + 1]);
    assertEquals(tokenizer.encodeRaw("<|im_start|>the<|im_end|>"), [1, first, ...tokenizer.encode("the"), first + 1]);
    assertEquals([...tokenizer.encode("the[乙]cat")], [
      ...tokenizer.encode("the"),
      first + 2,
      ...tokenizer.encode("cat"),
    ]);
    assertEquals(tokenizer.decode([first + 2]), "[乙]");
  }));

Deno.test("an added token with the id of another piece is refused", async () => {
  const files = { "tokenizer.model": sentencePieceModel(), "added_tokens.json": { "<|x|>": 260 } };
  await assertRejects(() => read(files, () => {}), FormatError, 'the added token "<|x|>" has the id 260');
});

Deno.test("generation_config.json says how answers end and are drawn, and is refused when it is not valid", async () => {
  const files = (record: unknown) => ({ "tokenizer.json": LLAMA_JSON, "generation_config.json": record });
  const found = { eos_token_id: [2, 5], do_sample: true, temperature: 0.6, top_p: 0.9, top_k: null, other: 1 };
  assertEquals(await read(files(found), ({ generation }) => generation), {
    eosIds: [2, 5],
    sampling: { doSample: true, temperature: 0.6, topP: 0.9 },
  });
  assertEquals(await read(files({ eos_token_id: -1 }), ({ generation }) => generation), { eosIds: [], sampling: {} });
  await assertRejects(() => read(files({ temperature: "hot" }), () => {}), FormatError, "generation_config.json");
});

/** The files of a folder, taken through a GGUF file. */
async function throughGguf(files: Files, endIds: readonly number[] = []): Promise<Record<string, Uint8Array>> {
  let made: Record<string, Uint8Array> = {};
  await inFolder(async (folder) => {
    await write(folder, files);
    using tokenizer = await loadTokenizer(folder);
    const path = join(folder, "t.gguf");
    await writeGguf(path, new Map(await ggufTokenizer(folder, tokenizer.vocabularySize, tokenizer, endIds)), []);
    using file = await openGguf(path);
    made = Object.fromEntries(ggufTokenizerFiles(file).map(({ name, bytes }) => [name, bytes]));
    if (endIds.length > 0) assertEquals(file.value("tokenizer.ggml.eot_token_id", "number"), endIds[1]);
  });
  return made;
}

Deno.test("a tokenizer goes into GGUF and comes back with its start, templates and added tokens", async () => {
  const list = [{ name: "default", template: "D" }, { name: "tool_use", template: "T" }];
  const cases: Files[] = [
    { "tokenizer.json": LLAMA_JSON, "chat_template.jinja": "J" },
    { "tokenizer.json": LLAMA_JSON, "tokenizer_config.json": { add_bos_token: false, chat_template: list } },
    { ...ADDED, "chat_template.json": { chat_template: "N" } },
  ];
  for (const files of cases) {
    const shown = (tokenizer: Tokenizer) => ({
      starts: tokenizer.startIds,
      bos: tokenizer.bosToken,
      eos: tokenizer.eosId,
      template: tokenizer.chatTemplate,
      others: tokenizer.otherTemplates,
      ids: tokenizer.encodeRaw("the</s><|im_end|>cat 你好"),
    });
    assertEquals(await read(await throughGguf(files), shown), await read(files, shown));
  }
});

Deno.test("GGUF names a second end of answers, and gives the class that makes the same ids", async () => {
  const made = await throughGguf({ "tokenizer.json": LLAMA_JSON }, [2, 7]);
  const config = JSON.parse(new TextDecoder().decode(made["tokenizer_config.json"]));
  assertEquals([config.tokenizer_class, config.add_bos_token, config.unk_token], ["LlamaTokenizer", true, "<unk>"]);
});
