// Networks in the forms of llama.cpp and of Meta are the same networks as in Hugging Face's (goldens/README.md).
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { type LlamaConfig, readConfig } from "../../models/formats/config.ts";
import { FormatError } from "../../models/formats/error.ts";
import { openGguf } from "../../models/formats/gguf/gguf_file.ts";
import { ggufTokenizer } from "../../models/formats/gguf/gguf_tokenizer.ts";
import { ggufTokenizerFiles } from "../../models/formats/gguf/gguf_tokenizer_files.ts";
import { type GgufValue, writeGguf } from "../../models/formats/gguf/gguf_writer.ts";
import { llamaTensors } from "../../models/formats/llama_tensors.ts";
import { openWeights } from "../../models/formats/weights.ts";
import { readModelConfig, writeModelConfig, writeModelTokenizer } from "../../models/model_source.ts";
import { loadTokenizer } from "../../models/tokenizer/tokenizer.ts";
import vectors from "./goldens/qwen_tokenizer/vectors.json" with { type: "json" };
import { LLAMA_JSON, SAMPLE_TEXTS } from "./sample_tokenizers.ts";
import { inFolder } from "./temp_folder.ts";

const goldens = fromFileUrl(new URL("./goldens/", import.meta.url));

/** Matrices are in float16, vectors as they were. */
const inFile = (values: Float32Array, { length }: readonly number[], vectors: boolean) =>
  length === 2 || vectors ? Float32Array.from(new Float16Array(values)) : values;

const withoutEnds = ({ bosId: _, eosIds: __, ...rest }: LlamaConfig) => rest;

for (
  const [form, network, path] of [
    ["GGUF", "grouped", "gguf/grouped.gguf"],
    ["GGUF", "qwen2", "gguf/qwen2.gguf"],
    ["GGUF", "qwen3", "gguf/qwen3.gguf"],
    ["Meta's form, columns of the embedding shared", "plain", "meta"],
    ["Meta's form, rows of the embedding shared", "plain", "meta_rows"],
  ] as const
) {
  Deno.test(`network ${network} in ${form} has the same configuration and the same weights`, async () => {
    const config = await readModelConfig(`${goldens}${path}`);
    const wanted = await readConfig(`${goldens}${network}`);
    assertEquals(withoutEnds(config), withoutEnds(wanted));
    using found = await openWeights(`${goldens}${path}`);
    using original = await openWeights(`${goldens}${network}`);
    assertEquals(new Set(found.names()), new Set(original.names()));
    for (const { name, shape } of llamaTensors(wanted)) {
      found.expectTensor(name, shape);
      const values = inFile(await original.readFloat32(name), shape, form !== "GGUF");
      assertEquals(await found.readFloat32(name), values, name);
      const [rows, width = 1] = shape as [number, number?];
      assertEquals(await found.readFloat32(name, 3, rows - 2), values.slice(3 * width, (rows - 2) * width), name);
    }
  });
}

Deno.test("writeModelConfig() writes a config.json that means the same", () =>
  inFolder(async (directory) => {
    for (const path of ["gguf/qwen3.gguf", "meta"]) {
      await writeModelConfig(`${goldens}${path}`, directory);
      assertEquals(await readConfig(directory), await readModelConfig(`${goldens}${path}`));
    }
    await writeModelConfig(`${goldens}grouped`, directory);
    const copied = await Deno.readTextFile(`${directory}/config.json`);
    assertEquals(copied, await Deno.readTextFile(`${goldens}grouped/config.json`));
  }));

Deno.test("the byte-level tokenizer of a GGUF file gives the ids of the one that it was made from", () =>
  inFolder(async (directory) => {
    assertEquals(await writeModelTokenizer(`${goldens}gguf/tokenizer.gguf`, directory), directory);
    using tokenizer = await loadTokenizer(directory);
    using original = await loadTokenizer(`${goldens}qwen_tokenizer`);
    assertEquals([tokenizer.bosId, tokenizer.eosId], [original.bosId, original.eosId]);
    for (const { text, ids } of vectors) assertEquals([...tokenizer.encode(text)], ids, JSON.stringify(text));
  }));

/** Writes a GGUF file without tensors and reads its tokenizer. */
async function tokenizerFilesOf(directory: string, metadata: Iterable<[string, GgufValue]>) {
  const path = join(directory, "tokenizer.gguf");
  await writeGguf(path, new Map(metadata), []);
  using file = await openGguf(path);
  return ggufTokenizerFiles(file);
}

Deno.test("the SentencePiece tokenizer of a GGUF file gives the ids of the one that it was made from", () =>
  inFolder(async (directory) => {
    await Deno.writeTextFile(join(directory, "tokenizer.json"), LLAMA_JSON);
    using original = await loadTokenizer(directory);
    const { vocabularySize, eosId, bosId } = original;
    const metadata = await ggufTokenizer(directory, vocabularySize + 3, original);
    const [model, config] = await tokenizerFilesOf(directory, metadata);
    assertEquals([model?.name, config?.name], ["tokenizer.model", "tokenizer_config.json"]);
    await Deno.remove(join(directory, "tokenizer.json"));
    for (const file of [model, config]) await Deno.writeFile(join(directory, file!.name), file!.bytes);
    using tokenizer = await loadTokenizer(directory);
    assertEquals([tokenizer.bosId, tokenizer.eosId, tokenizer.unkId], [bosId, eosId, original.unkId]);
    for (const text of [...SAMPLE_TEXTS, "", " x  y", "</s>\n", "🙂 é"]) {
      assertEquals([...tokenizer.encode(text)], [...original.encode(text)], JSON.stringify(text));
    }
  }));

Deno.test("ggufTokenizerFiles() refuses tokenizers that it would read wrongly, by name", () =>
  inFolder(async (directory) => {
    const text = (value: string): GgufValue => ({ type: "string", value });
    const tokens: GgufValue = { type: "strings", value: ["<unk>", "a"] };
    const bpe: [string, GgufValue][] = [["tokenizer.ggml.model", text("gpt2")], ["tokenizer.ggml.tokens", tokens]];
    const faults: [[string, GgufValue][], string][] = [
      [[], "tokenizer.ggml.model is missing"],
      [[["tokenizer.ggml.model", text("bert")]], 'tokenizer.ggml.model is "bert"; supported: "llama", "gpt2"'],
      [[["tokenizer.ggml.model", text("llama")]], "has no tokenizer.ggml.tokens"],
      [[["tokenizer.ggml.model", text("llama")], ["tokenizer.ggml.tokens", tokens]], "has no tokenizer.ggml.scores"],
      [bpe, "has no tokenizer.ggml.merges"],
      [[...bpe, ["tokenizer.ggml.token_type", { type: "int32s", value: [1] }]], "has 1 entries for 2 tokens"],
      [[...bpe, ["tokenizer.ggml.eos_token_id", { type: "uint32", value: 2 }]], "eos_token_id is 2, which is no token"],
      [
        [...bpe, ["tokenizer.ggml.merges", { type: "strings", value: [] }], ["tokenizer.ggml.pre", text("__proto__")]],
        'tokenizer.ggml.pre is "__proto__"',
      ],
    ];
    for (const [metadata, message] of faults) {
      await assertRejects(() => tokenizerFilesOf(directory, metadata), FormatError, message);
    }
  }));

Deno.test("LLaMA 3's stretching of rotary angles is found again from its factors in a GGUF file", () =>
  inFolder(async (directory) => {
    const path = join(directory, "model.gguf");
    const number = (value: number): GgufValue => ({ type: "uint32", value });
    const metadata = new Map<string, GgufValue>([
      ["general.architecture", { type: "string", value: "llama" }],
      ["llama.context_length", number(131072)],
      ["llama.embedding_length", number(128)],
      ["llama.block_count", number(1)],
      ["llama.feed_forward_length", number(64)],
      ["llama.attention.head_count", number(2)],
      ["llama.attention.layer_norm_rms_epsilon", { type: "float32", value: 1e-5 }],
      ["llama.rope.freq_base", { type: "float32", value: 500000 }],
    ]);
    // As llama.cpp's conversion script computes them, for heads of 64.
    const factors = Float32Array.from({ length: 32 }, (_, i) => {
      const wavelength = 2 * Math.PI * 500000 ** (2 * i / 64);
      if (wavelength < 8192 / 4) return 1;
      if (wavelength > 8192 / 1) return 32;
      const smooth = (8192 / wavelength - 1) / (4 - 1);
      return 1 / ((1 - smooth) / 32 + smooth);
    });
    assert(factors.some((factor) => factor > 1 && factor < 32));
    const write = (factors: Float32Array<ArrayBuffer>) =>
      writeGguf(path, metadata, [{
        name: "rope_freqs.weight",
        type: "F32",
        shape: [factors.length],
        data: async function* () {
          yield await Promise.resolve(new Uint8Array(factors.buffer));
        },
      }]);
    await write(factors);
    const { ropeScaling } = await readModelConfig(path);
    const wanted = { factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 };
    assertEquals(ropeScaling, wanted);
    await write(factors.map((factor, i) => i === 20 ? factor * 1.5 : factor));
    await assertRejects(() => readModelConfig(path), FormatError, "stretches rotary angles in another way");
    metadata.set("llama.expert_count", number(8));
    await write(factors);
    await assertRejects(() => readModelConfig(path), FormatError, "llama.expert_count is 8; supported: 0");
    metadata.delete("llama.expert_count");
    const float = (value: number): GgufValue => ({ type: "float32", value });
    for (
      const [key, value, message] of [
        ["llama.rope.scale_linear", float(4), "llama.rope.scale_linear is 4; supported: 0 or 1"],
        ["llama.rope.scaling.factor", float(2), "llama.rope.scaling.factor is 2; supported: 0 or 1"],
        ["llama.attention.sliding_window", number(4096), "llama.attention.sliding_window is 4096; supported: 0"],
        ["llama.attention.value_length", number(32), "llama.attention.value_length is 32; supported: 64"],
        ["llama.unheard_of", number(1), "llama.unheard_of is 1; supported: nothing, since it is not known here"],
      ] as const
    ) {
      metadata.set(key, value);
      await write(factors);
      await assertRejects(() => readModelConfig(path), FormatError, message);
      metadata.delete(key);
    }
    metadata.set("llama.rope.scale_linear", float(1));
    await write(factors);
    assertEquals((await readModelConfig(path)).ropeScaling, wanted, "a value that changes nothing");
    metadata.set("general.architecture", { type: "string", value: "gemma" });
    await write(factors);
    await assertRejects(() => readModelConfig(path), FormatError, 'general.architecture is "gemma"');
  }));

Deno.test("a tensor of a GGUF file that its network has not is refused by name, whatever it would have done", () =>
  inFolder(async (directory) => {
    const path = join(directory, "model.gguf");
    const number = (value: number): GgufValue => ({ type: "uint32", value });
    const metadata = new Map<string, GgufValue>([
      ["general.architecture", { type: "string", value: "llama" }],
      ["llama.context_length", number(64)],
      ["llama.embedding_length", number(16)],
      ["llama.block_count", number(1)],
      ["llama.feed_forward_length", number(16)],
      ["llama.attention.head_count", number(2)],
      ["llama.attention.layer_norm_rms_epsilon", { type: "float32", value: 1e-5 }],
    ]);
    const write = (names: readonly string[]) =>
      writeGguf(
        path,
        metadata,
        names.map((name) => ({
          name,
          type: "F32" as const,
          shape: [16],
          data: async function* () {
            yield await Promise.resolve(new Uint8Array(64));
          },
        })),
      );
    await write(["output_norm.weight", "blk.0.attn_norm.weight"]);
    (await openWeights(path)).close();
    for (
      const name of [
        "blk.0.attn_q.bias",
        "output_norm.bias",
        "blk.1.attn_norm.weight",
        "blk.0.attn_q_norm.weight",
        "x.weight",
      ]
    ) {
      await write(["output_norm.weight", name]);
      await assertRejects(
        () => openWeights(path),
        FormatError,
        `${path}: tensor "${name}" is none of a network of the family llama with 1 layer`,
      );
    }
  }));

Deno.test("a chat template in a file of its own goes along with the tokenizer", () =>
  inFolder(async (folder) => {
    const [model, copy] = [join(folder, "model"), join(folder, "copy")];
    for (const each of [model, copy]) await Deno.mkdir(each);
    await Deno.writeTextFile(join(model, "tokenizer.json"), LLAMA_JSON);
    await Deno.writeTextFile(join(model, "chat_template.jinja"), "{{ messages }}");
    await writeModelTokenizer(model, copy);
    using tokenizer = await loadTokenizer(copy);
    assertEquals(tokenizer.chatTemplate, "{{ messages }}");
  }));
