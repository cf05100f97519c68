import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { FormatError } from "../../../../models/formats/error.ts";
import { ggufName, nameOfGguf, permuteRotary } from "../../../../models/formats/gguf/gguf_names.ts";
import { toGguf } from "../../../../models/formats/gguf/gguf_quantize.ts";
import { type GgufTensor, type GgufValue, writeGguf } from "../../../../models/formats/gguf/gguf_writer.ts";
import { llamaTensors } from "../../../../models/formats/llama_tensors.ts";
import { readConfig } from "../../../../models/formats/config.ts";
import { goldenFolder, goldenNames } from "../../golden_base.ts";
import { inFolder } from "../../temp_folder.ts";

const tensor = (name: string, type: GgufTensor["type"], shape: number[], ...pieces: Uint8Array[]): GgufTensor => ({
  name,
  type,
  shape,
  data: async function* () {
    yield* pieces;
  },
});

Deno.test("writeGguf() lays out metadata, tensor descriptions and aligned data as the format says", () =>
  inFolder(async (directory) => {
    const path = join(directory, "x.gguf");
    const metadata = new Map<string, GgufValue>([
      ["a.text", { type: "string", value: "兔" }],
      ["a.list", { type: "strings", value: ["x", ""] }],
      ["a.on", { type: "bool", value: true }],
      ["a.negative", { type: "int32", value: -2 }],
      ["a.scores", { type: "float32s", value: [0.5, -1] }],
    ]);
    const progress: [number, number][] = [];
    await writeGguf(path, metadata, [
      tensor("first", "F32", [3, 1], Uint8Array.of(1, 2, 3, 4), new Uint8Array(8).fill(5)),
      tensor("second", "F16", [2, 4], new Uint8Array(16).fill(6)),
    ], (done, total) => progress.push([done, total]));
    assertEquals(progress, [[4, 28], [12, 28], [28, 28]]);

    const bytes = await Deno.readFile(path);
    const view = new DataView(bytes.buffer);
    let at = 0;
    const uint32 = () => view.getUint32((at += 4) - 4, true);
    const uint64 = () => Number(view.getBigUint64((at += 8) - 8, true));
    const text = () => {
      const length = uint64();
      return new TextDecoder().decode(bytes.subarray(at, at += length));
    };
    assertEquals(new TextDecoder().decode(bytes.subarray(0, at += 4)), "GGUF");
    assertEquals([uint32(), uint64(), uint64()], [3, 2, 5]);
    assertEquals([text(), uint32(), text()], ["a.text", 8, "兔"]);
    assertEquals([text(), uint32(), uint32(), uint64(), text(), text()], ["a.list", 9, 8, 2, "x", ""]);
    assertEquals([text(), uint32(), bytes[at++]], ["a.on", 7, 1]);
    assertEquals([text(), uint32(), uint32() | 0], ["a.negative", 5, -2]);
    assertEquals([text(), uint32(), uint32(), uint64()], ["a.scores", 9, 6, 2]);
    assertEquals([view.getFloat32(at, true), view.getFloat32(at + 4, true)], [0.5, -1]);
    at += 8;
    assertEquals([text(), uint32(), uint64(), uint64(), uint32(), uint64()], ["first", 2, 1, 3, 0, 0]);
    assertEquals([text(), uint32(), uint64(), uint64(), uint32(), uint64()], ["second", 2, 4, 2, 1, 32]);
    const data = Math.ceil(at / 32) * 32;
    assertEquals(bytes.length, data + 64);
    assertEquals([...bytes.subarray(data, data + 13)], [1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 0]);
    assertEquals([...bytes.subarray(data + 32, data + 49)], [...Array(16).fill(6), 0]);
  }));

Deno.test("writeGguf() refuses wrong data and leaves no file", () =>
  inFolder(async (directory) => {
    const path = join(directory, "x.gguf");
    const write = (...tensors: GgufTensor[]) => writeGguf(path, new Map(), tensors);
    const ok = tensor("a", "F32", [1], new Uint8Array(4));
    await assertRejects(() => write(ok, ok), FormatError, "the name is taken");
    await assertRejects(() => write(tensor("a", "F32", [2], new Uint8Array(4))), FormatError, "takes 8 bytes, found 4");
    await assertRejects(() => write(tensor("a", "F32", [1], new Uint8Array(8))), FormatError, "found more");
    await assertRejects(() => write(tensor("a", "Q8_0", [2, 33])), FormatError, "not a multiple of 32");
    assertEquals([...Deno.readDirSync(directory)], []);
  }));

Deno.test("toGguf() keeps Q8_0 values within half a step, with a scale for each 32", () => {
  const values = Float32Array.from({ length: 96 }, (_, i) => i < 32 ? 0 : Math.sin(i) * (i < 64 ? 1 : 100));
  const bytes = toGguf("Q8_0", values, "test");
  assertEquals(bytes.length, 3 * 34);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) {
    const block = Math.floor(i / 32) * 34;
    const scale = view.getFloat16(block, true);
    // Half a step of the exact scale, and what rounding the scale to float16 adds at the most.
    assertAlmostEquals(view.getInt8(block + 2 + i % 32) * scale, value, scale * (0.5 + 127 / 2048));
  }
  assertEquals([...bytes.subarray(0, 34)], Array(34).fill(0));
  const halves = Float32Array.of(127, 0.5, -0.5, 1.5, ...new Array(28).fill(0));
  assertEquals([...new Int8Array(toGguf("Q8_0", halves, "test").buffer)].slice(2, 6), [127, 1, -1, 2]);
  for (const bad of [NaN, Infinity, 1e10]) {
    assertThrows(() => toGguf("Q8_0", values.map((v, i) => i === 40 ? bad : v), "test"), FormatError, "not finite");
  }
});

Deno.test("toGguf() rounds to the nearest bfloat16 and float16 and refuses what passes them", () => {
  const as = (
    type: "F16" | "BF16",
    ...values: number[]
  ) => [...new Uint16Array(toGguf(type, Float32Array.from(values), "test").buffer)];
  // 1 + 2⁻⁸ lies between two bfloat16: to the even one; a little more goes up.
  assertEquals(as("BF16", 1, 1 + 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 1 + 3 * 2 ** -8, -2), [
    0x3f80,
    0x3f80,
    0x3f81,
    0x3f82,
    0xc000,
  ]);
  assertEquals(as("F16", 1, -2, 65504), [0x3c00, 0xc000, 0x7bff]);
  assertThrows(() => as("F16", 1, 65520), FormatError, "test: 65520 is not finite as F16");
  assertThrows(() => as("BF16", 3.4e38), FormatError, "not finite");
  assertThrows(() => as("BF16", NaN), FormatError, "not finite");
});

Deno.test("every tensor of a model has a name in GGUF and back, and no other has one", async () => {
  for (const name of goldenNames) {
    const config = await readConfig(`${goldenFolder}${name}`);
    for (const { name } of llamaTensors(config)) {
      const gguf = ggufName(name, config.family);
      assert(gguf !== undefined && nameOfGguf(gguf, config.family) === name, `${name} -> ${gguf}`);
    }
  }
  assertEquals(ggufName("model.layers.3.self_attn.q_proj.weight", "llama"), "blk.3.attn_q.weight");
  assertEquals([ggufName("model.layers.3.foo.weight", "llama"), nameOfGguf("foo", "llama")], [undefined, undefined]);
  assertEquals([nameOfGguf("blk.0.attn_q_norm.weight", "llama"), ggufName("blk.0", "qwen3")], [undefined, undefined]);
});

Deno.test("permuteRotary() brings row i and row i + D/2 of each head together, and back", () => {
  const rows = Float32Array.from({ length: 2 * 4 * 3 }, (_, i) => i);
  const pairs = permuteRotary(rows, 4, 3, "pairs");
  assertEquals([...pairs].filter((_, i) => i % 3 === 0).map((value) => value / 3), [0, 2, 1, 3, 4, 6, 5, 7]);
  assertEquals(permuteRotary(pairs, 4, 3, "halves"), rows);
});
