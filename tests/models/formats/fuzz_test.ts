// Files of every format that the project reads, damaged in ten thousand ways from a fixed seed: each is read or refused with
// a FormatError, in bounded time and memory.
import { assert } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { readAdapter } from "../../../models/formats/adapter/adapter.ts";
import { readConfig } from "../../../models/formats/config.ts";
import { FormatError } from "../../../models/formats/error.ts";
import { openGguf } from "../../../models/formats/gguf/gguf_file.ts";
import { openSafetensors } from "../../../models/formats/safetensors/safetensors.ts";
import type { TensorFile } from "../../../models/formats/tensor_file.ts";
import { openTorchFile } from "../../../models/formats/torch/torch_file.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { readModelConfig, writeModelTokenizer } from "../../../models/model_source.ts";
import { parseSentencePieceModel } from "../../../models/formats/tokenizer/sentencepiece_model.ts";
import { parseTokenizerJson } from "../../../models/formats/tokenizer/tokenizer_json.ts";
import { Random } from "../../kernels/harness.ts";
import { byteLevelJson, LLAMA_JSON, sentencePieceModel } from "../sample_tokenizers.ts";
import { bytesOf, P, pickleOf, tensor, torchFile } from "./sample_torch.ts";

const goldens = fromFileUrl(new URL("../goldens/", import.meta.url));

/** A format: a good file, where it lies in a folder, and what reads it. */
interface Format {
  readonly name: string;
  readonly file: string;
  readonly good: Uint8Array;
  readonly count: number;
  /** Files beside it. */
  readonly beside?: readonly string[];
  readonly read: (folder: string) => Promise<void>;
}

/** Numbers that headers stumble over. */
const NUMBERS = [0n, 1n, 0x7fn, 0xffn, 0xffffn, 0x7fffffffn, 0xffffffffn, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
/** Texts that JSON and names stumble over. */
const TEXTS = ["-1", "1e999", "9007199254740993", "null", '""', "[]", "{}", '"__proto__":', "\ud83d", "../", "\0", ","];

/** A copy of a file, damaged in one to four places. */
function damaged(good: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = good;
  for (let times = 1 + random.below(4); times > 0; times--) bytes = damagedOnce(bytes, random);
  return bytes;
}

/** A place in a file: near its beginning or its end, where headers and directories are, more often than elsewhere. */
function placeIn(length: number, random: Random): number {
  const near = Math.min(length, 400);
  const kind = random.below(3);
  return kind === 0 ? random.below(length) : kind === 1 ? random.below(near) : length - 1 - random.below(near);
}

function damagedOnce(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.below(256));
  const at = placeIn(bytes.length, random);
  const end = Math.min(bytes.length, at + 1 + random.below(40));
  const number = () => new Uint8Array(BigUint64Array.of(NUMBERS[random.below(NUMBERS.length)]!).buffer);
  switch (random.below(9)) {
    case 0:
      return bytes.with(at, bytes[at]! ^ (1 << random.below(8)));
    case 1:
      return bytes.with(at, random.below(256));
    case 2:
      return bytes.slice(0, at);
    case 3: // a stretch is missing
      return bytesOf(bytes.slice(0, at), bytes.slice(end));
    case 4: // a stretch is there twice
      return bytesOf(bytes.slice(0, end), bytes.slice(at));
    case 5:
      return bytesOf(bytes.slice(0, at), new TextEncoder().encode(TEXTS[random.below(TEXTS.length)]!), bytes.slice(at));
    case 6:
      return bytesOf(
        bytes.slice(0, at),
        new TextEncoder().encode(TEXTS[random.below(TEXTS.length)]!),
        bytes.slice(end),
      );
    default: {
      const width = [1, 2, 4, 8][random.below(4)]!;
      return bytesOf(bytes.slice(0, at), number().slice(0, width), bytes.slice(at + width));
    }
  }
}

/** Reads every tensor of a file, in two parts where it has rows. */
async function readAll(open: Promise<TensorFile>): Promise<void> {
  using file = await open;
  for (const [name, { shape }] of file.tensors) {
    const rows = shape[0] ?? 1;
    const count = shape.reduce((product, size) => product * size, 1);
    const half = Math.floor(rows / 2);
    let found = 0;
    try {
      found = (await file.readFloat32(name, 0, half)).length + (await file.readFloat32(name, half)).length;
    } catch (error) {
      if (error instanceof FormatError) continue; // an element type that is not read
      throw error;
    }
    assert(found === count, `${name} [${shape}] gave ${found} values`);
  }
}

const path = (file: string) => (folder: string) => join(folder, file);
const text = (value: string) => new TextEncoder().encode(value);
const bin = torchFile(
  bytesOf(
    pickleOf(tensor({ key: "0", length: 24, shape: [4, 6], strides: [6, 1] })).subarray(0, -1),
    P.text("v"),
    tensor({ key: "0", length: 24, offset: 1, shape: [3, 4], strides: [1, 6] }),
    P.setItem,
    P.stop,
  ),
  { 0: new Uint8Array(96) },
);
const small = JSON.stringify({
  a: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
  b: { dtype: "BF16", shape: [4], data_offsets: [24, 32] },
}); // deno-fmt-ignore
const header = text(small);
const safetensors = bytesOf(
  new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer),
  header,
  new Uint8Array(32),
);

async function formats(): Promise<Format[]> {
  const read = (name: string) => Deno.readFile(`${goldens}${name}`);
  const model = async (folder: string) => {
    await readModelConfig(folder);
    using weights = await openWeights(folder);
    for (const name of weights.names()) weights.shape(name);
  };
  return [
    { name: "safetensors", file: "a", good: safetensors, count: 2400, read: (f) => readAll(openSafetensors(`${f}/a`)) },
    { name: "PyTorch", file: "a", good: bin, count: 2400, read: (f) => readAll(openTorchFile(`${f}/a`)) },
    {
      name: "PyTorch's own file",
      file: "a",
      good: await read("weights/views.bin"),
      count: 600,
      read: (f) => readAll(openTorchFile(`${f}/a`)),
    },
    {
      name: "GGUF",
      file: "a.gguf",
      good: await read("gguf/quantised.gguf"),
      count: 1400,
      read: (f) => readAll(openGguf(`${f}/a.gguf`)),
    },
    {
      name: "GGUF as a model",
      file: "a.gguf",
      good: await read("gguf/qwen3.gguf"),
      count: 500,
      read: model,
    },
    {
      name: "a tokenizer in GGUF",
      file: "a.gguf",
      good: await read("gguf/tokenizer.gguf"),
      count: 400,
      read: async (f) => void await writeModelTokenizer(`${f}/a.gguf`, f),
    },
    {
      name: "params.json",
      file: "params.json",
      good: await read("meta/params.json"),
      beside: ["meta/consolidated.00.pth", "meta/consolidated.01.pth"],
      count: 300,
      read: model,
    },
    {
      name: "an index of shards",
      file: "pytorch_model.bin.index.json",
      good: await read("weights/bin_shards/pytorch_model.bin.index.json"),
      beside: ["plain/config.json", ...[1, 2].map((n) => `weights/bin_shards/pytorch_model-0000${n}-of-00002.bin`)],
      count: 400,
      read: model,
    },
    {
      name: "config.json",
      file: "config.json",
      good: await read("qwen3/config.json"),
      count: 700,
      read: async (f) => void await readConfig(f),
    },
    {
      name: "an adapter",
      file: "adapter_model.safetensors",
      good: await read("plain/qv/adapter_model.safetensors"),
      beside: ["plain/qv/adapter_config.json"],
      count: 300,
      read: async (f) => void await readAdapter(f),
    },
    {
      name: "tokenizer.json",
      file: "tokenizer.json",
      good: text(LLAMA_JSON),
      count: 200,
      read: async (f) => void parseTokenizerJson(await Deno.readFile(`${f}/tokenizer.json`), "tokenizer.json"),
    },
    {
      name: "a byte-level tokenizer.json",
      file: "tokenizer.json",
      good: text(byteLevelJson()),
      count: 200,
      read: async (f) => void parseTokenizerJson(await Deno.readFile(`${f}/tokenizer.json`), "tokenizer.json"),
    },
    {
      name: "tokenizer.model",
      file: "tokenizer.model",
      good: sentencePieceModel(),
      count: 200,
      read: async (f) => void parseSentencePieceModel(await Deno.readFile(`${f}/tokenizer.model`), "tokenizer.model"),
    },
  ];
}

/** Bytes that this test holds: objects and buffers of its own thread, whatever other tests hold meanwhile. */
function held(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

const all = await formats();

Deno.test("the fuzzed formats are ten thousand files in all", () => {
  assert(all.reduce((sum, { count }) => sum + count, 0) >= 10_000);
});

for (const [index, { name, file, good, count, beside = [], read }] of all.entries()) {
  Deno.test(`${count} damaged files are read or refused, and no more: ${name}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      for (const other of beside) await Deno.copyFile(`${goldens}${other}`, join(folder, other.split("/").at(-1)!));
      const target = path(file)(folder);
      await Deno.writeFile(target, good);
      await read(folder); // the good file is good
      const before = held();
      const random = new Random(1000 + index);
      let refused = 0;
      for (let i = 0; i < count; i++) {
        Deno.writeFileSync(target, damaged(good, random));
        const started = performance.now();
        try {
          await read(folder);
        } catch (error) {
          if (!(error instanceof FormatError)) throw new Error(`file ${i} of ${name}: ${error}`, { cause: error });
          refused++;
        }
        const took = performance.now() - started;
        assert(took < 2000, `file ${i} of ${name} took ${took} ms`);
        const grown = held() - before;
        assert(grown < 300e6, `file ${i} of ${name}: memory grew by ${grown} bytes`);
      }
      assert(refused > count / 5, `only ${refused} of ${count} were refused`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
