import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { FormatError } from "../../../../models/formats/error.ts";
import { openGguf } from "../../../../models/formats/gguf/gguf_file.ts";
import { GGUF_VALUE } from "../../../../models/formats/gguf/gguf_types.ts";
import { inFolder } from "../../temp_folder.ts";
import { bytesOf } from "../sample_torch.ts";

const goldens = fromFileUrl(new URL("../../goldens/gguf/", import.meta.url));

const types = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K"];
for (const type of types) {
  Deno.test(`a tensor of ${type} has the values that llama.cpp's own package reads`, async () => {
    using file = await openGguf(`${goldens}quantised.gguf`);
    assertEquals(file.tensors.get(type)?.dtype, type);
    assertEquals(file.tensors.get(type)?.shape, [5, 256]);
    const wanted = await file.readFloat32(`${type}.values`);
    const found = await file.readFloat32(type);
    assert(wanted.some((value) => value !== 0));
    // Ours is computed in float64 and rounded once, theirs in float32.
    found.forEach((value, i) => assert(Math.abs(value - wanted[i]!) <= 2e-7 * Math.abs(wanted[i]!), `${type} ${i}`));
    assertEquals(await file.readFloat32(type, 1, 3), found.slice(256, 768));
    await assertRejects(() => file.readFloat32(type, 1, 6), RangeError);
  });
}

const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
const u64 = (value: number | bigint) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string | Uint8Array) => {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return bytesOf(u64(bytes.length), bytes);
};
const start = (tensors: number | bigint, values: number | bigint, version = 3) =>
  bytesOf(new TextEncoder().encode("GGUF"), u32(version), u64(tensors), u64(values));

interface Described {
  readonly name?: string;
  readonly sizes?: readonly (number | bigint)[];
  readonly type?: number;
  readonly offset?: number | bigint;
}
const tensor = ({ name = "w", sizes = [4], type = 0, offset = 0 }: Described = {}) =>
  bytesOf(text(name), u32(sizes.length), ...sizes.map(u64), u32(type), u64(offset));
/** A file of one tensor: the header, padding to 32 bytes, data. */
const fileOf = (header: Uint8Array, dataBytes = 16) =>
  bytesOf(header, new Uint8Array((32 - header.length % 32) % 32), new Uint8Array(dataBytes));
const one = (described: Described, dataBytes?: number) => fileOf(bytesOf(start(1, 0), tensor(described)), dataBytes);
const two = (a: Described, b: Described, dataBytes: number) =>
  fileOf(bytesOf(start(2, 0), tensor(a), tensor({ name: "v", ...b })), dataBytes);
const value = (type: number, ...rest: Uint8Array[]) => bytesOf(start(0, 1), text("key"), u32(type), ...rest);
const alignment = (size: number) => bytesOf(start(0, 1), text("general.alignment"), u32(GGUF_VALUE.uint32), u32(size));

const MALFORMED: [what: string, bytes: Uint8Array, message: string][] = [
  ["nothing", new Uint8Array(), "ends inside its header"],
  ["another format", new TextEncoder().encode("<html>not found"), 'does not start with "GGUF"'],
  ["version 1", start(0, 0, 1), "is of GGUF version 1; wanted 2 or 3"],
  ["big-endian order", start(0, 0, 3 << 24), "big-endian"],
  ["a count of tensors that overflows", start(2n ** 63n, 0), "the number of tensors is 9223372036854775808"],
  ["more tensors than the file", start(2n ** 40n, 0), "ends inside its header"],
  ["more values than the file", start(0, 2n ** 40n), "ends inside its header"],
  ["a text that overflows", bytesOf(start(0, 1), u64(2n ** 60n)), "the length of a metadata key is"],
  ["a text beyond the end", bytesOf(start(0, 1), u64(2n ** 40n)), "ends inside its header"],
  ["text that is not UTF-8", bytesOf(start(0, 1), text(Uint8Array.of(0xff))), "not UTF-8 in a metadata key"],
  ["a repeated key", bytesOf(start(0, 2), text("a"), u32(7), [1], text("a"), u32(7), [1]), '"a" twice'],
  ["a value of an unknown type", value(99), 'value "key" of the unknown type 99'],
  ["a list of an unknown type", value(GGUF_VALUE.array, u32(99), u64(1)), 'list "key" of the unknown type 99'],
  ["a list of lists", value(GGUF_VALUE.array, u32(9), u64(1)), "unknown type 9"],
  ["a list beyond the end", value(GGUF_VALUE.array, u32(GGUF_VALUE.float32), u64(2 ** 40)), "ends inside its header"],
  ["a list of texts beyond the end", value(GGUF_VALUE.array, u32(8), u64(2 ** 40)), "ends inside its header"],
  ["a list of bytes beyond the end", value(GGUF_VALUE.array, u32(0), u64(2 ** 52)), "ends inside its header"],
  ["alignment 0", alignment(0), "general.alignment 0"],
  ["alignment 12", alignment(12), "general.alignment 12"],
  ["a repeated tensor", two({}, { name: "w", offset: 32 }, 64), 'the tensor "w" twice'],
  ["five dimensions", one({ sizes: [1, 1, 1, 1, 1] }), 'tensor "w" has 5 dimensions'],
  ["a size that overflows", one({ sizes: [2n ** 60n] }), 'a size of "w" is'],
  ["sizes that overflow", one({ sizes: [2n ** 50n, 2n ** 50n] }), "overflows"],
  ["a type that is not read", one({ type: 20 }), 'tensor "w" has the element type IQ4_NL; supported: F32, F16'],
  ["an unknown type", one({ type: 99 }), "the element type number 99"],
  ["rows that are no whole blocks", one({ sizes: [40], type: 8 }), "rows of 40 values; Q8_0 wants a multiple of 32"],
  ["a place that is not aligned", one({ offset: 4 }, 32), 'tensor "w" lies at 4, no multiple of 32'],
  ["a tensor beyond the end", one({ sizes: [5] }), 'tensor "w" ends at byte'],
  ["a place beyond the end", one({ offset: 2n ** 40n }), 'tensor "w" ends at byte'],
  ["an overlap", two({ sizes: [9] }, { offset: 32 }, 64), 'tensor "v" overlaps'],
  ["an end inside the description", bytesOf(start(1, 0), text("w"), u32(1)), "ends inside its header"],
];

for (const [what, bytes, message] of MALFORMED) {
  Deno.test(`openGguf() refuses ${what}`, () =>
    inFolder(async (directory) => {
      const path = join(directory, "bad.gguf");
      await Deno.writeFile(path, bytes);
      const error = await assertRejects(() => openGguf(path), FormatError, message);
      assert(error.message.startsWith(path), error.message);
    }));
}

Deno.test("openGguf() reads version 2, values of every type, scalars, empty tensors and another alignment", () =>
  inFolder(async (directory) => {
    const path = join(directory, "good.gguf");
    const values: [number, Uint8Array][] = [
      [GGUF_VALUE.uint8, Uint8Array.of(200)],
      [GGUF_VALUE.int8, Uint8Array.of(200)],
      [GGUF_VALUE.uint16, Uint8Array.of(0, 200)],
      [GGUF_VALUE.int16, Uint8Array.of(0, 200)],
      [GGUF_VALUE.int32, u32(2 ** 32 - 1)],
      [GGUF_VALUE.float64, new Uint8Array(Float64Array.of(0.1).buffer)],
      [GGUF_VALUE.uint64, u64(2n ** 40n)],
      [GGUF_VALUE.int64, u64(2n ** 64n - 1n)],
      [GGUF_VALUE.bool, Uint8Array.of(1)],
      [GGUF_VALUE.array, bytesOf(u32(GGUF_VALUE.int64), u64(1), u64(2n ** 64n - 5n))],
      [GGUF_VALUE.array, bytesOf(u32(GGUF_VALUE.string), u64(2), text("你"), text(""))],
    ];
    const metadata = values.map(([type, bytes], i) => bytesOf(text(`v${i}`), u32(type), bytes));
    const aligned = bytesOf(text("general.alignment"), u32(GGUF_VALUE.uint32, 64));
    const header = bytesOf(
      start(2, values.length + 1, 2),
      ...metadata,
      aligned,
      tensor({ name: "s", sizes: [] }),
      tensor({ name: "e", sizes: [0, 2 ** 40], offset: 0 }),
    );
    const scalar = new Uint8Array(Float32Array.of(2.5).buffer);
    await Deno.writeFile(path, bytesOf(header, new Uint8Array((64 - header.length % 64) % 64), scalar));
    using file = await openGguf(path);
    const found = values.map((_, i) => {
      const value = file.metadata.get(`v${i}`);
      return typeof value === "object" ? Array.from(value as ArrayLike<unknown>) : value;
    });
    assertEquals(found, [200, -56, 51200, -14336, -1, 0.1, 2 ** 40, -1, true, [-5], ["你", ""]]);
    assertEquals([...await file.readFloat32("s")], [2.5]);
    assertEquals(file.tensors.get("e")?.shape, [2 ** 40, 0]);
    await assertRejects(async () => await Promise.resolve(file.value("v0", "string")), FormatError, "v0 is a number");
  }));

Deno.test("a header of several megabytes is read in steps", () =>
  inFolder(async (directory) => {
    const path = join(directory, "long.gguf");
    const words = Array.from({ length: 50_000 }, (_, i) => text(`word ${String(i).padStart(60)}`));
    const list = bytesOf(u32(GGUF_VALUE.array), u32(GGUF_VALUE.string), u64(words.length), ...words);
    await Deno.writeFile(path, bytesOf(start(0, 1), text("words"), list));
    assert((await Deno.stat(path)).size > 3e6);
    using file = await openGguf(path);
    assertEquals(file.value("words", "strings")?.at(-1), `word ${"49999".padStart(60)}`);
  }));
