import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { FormatError } from "../../../../models/formats/error.ts";
import {
  openSafetensors,
  type TensorEntry,
  writeSafetensors,
} from "../../../../models/formats/safetensors/safetensors.ts";
import { inFolder } from "../../temp_folder.ts";

const bytesOf = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

/** A file of the given header text and `dataBytes` zero bytes; `claimed` replaces the true header length. */
async function rawFile(
  directory: string,
  header: string | Uint8Array,
  dataBytes: number,
  claimed?: bigint,
): Promise<string> {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  const path = join(directory, "raw.safetensors");
  await Deno.writeFile(path, bytes);
  return path;
}

Deno.test("writeSafetensors() and openSafetensors() keep names, order, shapes, elements and metadata", () =>
  inFolder(async (directory) => {
    const path = join(directory, "a.safetensors");
    const entries: TensorEntry[] = [
      { name: "10", dtype: "F32", shape: [3, 2], data: bytesOf(1, 2, 3, 4, 5, 6) },
      { name: "9 你", dtype: "F32", shape: [], data: bytesOf(-0.5) },
      { name: "none", dtype: "BF16", shape: [4, 0, 2], data: new Uint8Array() },
      { name: "I", dtype: "I64", shape: [1], data: new Uint8Array(8) },
    ];
    await writeSafetensors(path, entries, { format: "pt", "说明": "文字" });
    using file = await openSafetensors(path);
    assertEquals([...file.tensors.keys()], ["10", "9 你", "none", "I"]);
    assertEquals(file.tensors.get("none")?.shape, [4, 0, 2]);
    assertEquals(file.metadata, { format: "pt", "说明": "文字" });
    assertEquals([...await file.readFloat32("10")], [1, 2, 3, 4, 5, 6]);
    assertEquals([...await file.readFloat32("10", 1, 2)], [3, 4]);
    assertEquals([...await file.readFloat32("10", 3, 3)], []);
    assertEquals([...await file.readFloat32("9 你")], [-0.5]);
    assertEquals((await file.readFloat32("none")).length, 0);
    assertEquals([...await file.readBytes("10", 20, 24)], [...bytesOf(6)]);
    assertEquals(file.tensors.get("10")!.byteOffset % 8, 0);
  }));

Deno.test("writeSafetensors() gives the same bytes for data in memory and data in pieces", () =>
  inFolder(async (directory) => {
    const whole = bytesOf(1, 2, 3, 4);
    async function* pieces() {
      yield await Promise.resolve(whole.subarray(0, 5));
      yield whole.subarray(5);
    }
    const entry = { name: "w", dtype: "F32", shape: [4] } as const;
    await writeSafetensors(join(directory, "a"), [{ ...entry, data: whole }]);
    await writeSafetensors(join(directory, "b"), [{ ...entry, data: pieces }]);
    assertEquals(await Deno.readFile(join(directory, "a")), await Deno.readFile(join(directory, "b")));
  }));

Deno.test("writeSafetensors() refuses data of the wrong size and repeated names, and leaves no file", () =>
  inFolder(async (directory) => {
    const path = join(directory, "a");
    const good: TensorEntry = { name: "w", dtype: "F32", shape: [2], data: bytesOf(1, 2) };
    const faults: [TensorEntry[], string][] = [
      [[{ ...good, shape: [3] }], "takes 12 bytes, found 8"],
      [[{ ...good, shape: [1] }], "takes 4 bytes, found more"],
      [[good, good], "the name is taken"],
      [[{ ...good, name: "__metadata__" }], "the name is taken"],
      [[{ ...good, shape: [-2] }], "the shape [-2] is not valid"],
    ];
    for (const [entries, message] of faults) {
      await assertRejects(() => writeSafetensors(path, entries), FormatError, message);
    }
    assertEquals([...Deno.readDirSync(directory)], []);
  }));

Deno.test("readFloat32() widens every float16 and bfloat16 exactly", () =>
  inFolder(async (directory) => {
    const path = join(directory, "a");
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const data = new Uint8Array(all.buffer);
    await writeSafetensors(path, [
      { name: "half", dtype: "F16", shape: [65536], data },
      { name: "brain", dtype: "BF16", shape: [65536], data },
    ]);
    using file = await openSafetensors(path);
    const half = await file.readFloat32("half");
    const brain = await file.readFloat32("brain");
    for (let i = 0; i < 65536; i++) {
      const sign = i >> 15 ? -1 : 1;
      const exponent = (i >> 10) & 31;
      const fraction = i & 1023;
      const value = exponent === 31
        ? (fraction ? NaN : Infinity)
        : exponent === 0
        ? fraction * 2 ** -24
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
      if (!Object.is(half[i], sign * value)) throw new Error(`float16 ${i}: ${half[i]}, wanted ${sign * value}`);
      const top = new Uint32Array(brain.buffer, 4 * i, 1)[0]!;
      if (top !== (i << 16) >>> 0) throw new Error(`bfloat16 ${i}: ${top}`);
    }
  }));

Deno.test("readFloat32() refuses element types that are not floats, unknown names and rows outside the tensor", () =>
  inFolder(async (directory) => {
    const path = join(directory, "a");
    await writeSafetensors(path, [{ name: "ids", dtype: "I64", shape: [2], data: new Uint8Array(16) }]);
    using file = await openSafetensors(path);
    await assertRejects(() => file.readFloat32("ids"), FormatError, 'tensor "ids" has element type I64');
    await assertRejects(() => file.readFloat32("no"), FormatError, 'has no tensor "no"');
    await assertRejects(() => file.readFloat32("ids", 0, 3), RangeError, "inside 0…2");
    await assertRejects(() => file.readBytes("ids", -1), RangeError);
  }));

Deno.test("reads that overlap in time do not disturb one another", () =>
  inFolder(async (directory) => {
    const path = join(directory, "a");
    const names = Array.from({ length: 50 }, (_, i) => `t${i}`);
    await writeSafetensors(
      path,
      names.map((name, i) => ({ name, dtype: "F32", shape: [1000], data: bytesOf(...Array(1000).fill(i)) })),
    );
    using file = await openSafetensors(path);
    const all = await Promise.all(names.map((name) => file.readFloat32(name)));
    all.forEach((values, i) => assertEquals(values.every((value) => value === i), true));
  }));

const T = (dtype: unknown, shape: unknown, offsets: unknown) => JSON.stringify({ dtype, shape, data_offsets: offsets });

const MALFORMED: [what: string, header: string | Uint8Array, dataBytes: number, message: string][] = [
  ["JSON that ends early", '{"w":', 0, "is not valid JSON"],
  ["text that is not JSON", "hello, world", 0, 'does not start with "{"'],
  ["an array", "[]", 0, 'does not start with "{"'],
  ["bad UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 0, "is not valid UTF-8"],
  ["a repeated tensor", `{"w":${T("F32", [1], [0, 4])},"\\u0077":${T("F32", [1], [0, 4])}}`, 4, 'the key "w" twice'],
  ["a repeated field", '{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4, '"dtype" twice'],
  ["__proto__", `{"__proto__":${T("F32", [1], [0, 4])}}`, 4, '"__proto__"'],
  ["deep nesting", "{" + '"a":['.padEnd(200_000, "[") + "}", 0, "nests deeper"],
  ["a tensor that is no object", '{"w":3}', 0, 'tensor "w" is not described'],
  ["a null tensor", '{"w":null}', 0, 'tensor "w" is not described'],
  ["an unknown field", '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4, 'unknown field "x"'],
  ["a missing field", '{"w":{"dtype":"F32","shape":[1]}}', 4, "data_offsets (missing)"],
  ["an unknown element type", `{"w":${T("Q4", [1], [0, 4])}}`, 4, 'unknown element type "Q4"'],
  ["an inherited name as element type", `{"w":${T("toString", [1], [0, 4])}}`, 4, "unknown element type"],
  ["a negative size", `{"w":${T("F32", [-1], [0, 4])}}`, 4, "has the shape [-1]"],
  ["a fractional size", `{"w":${T("F32", [0.5], [0, 2])}}`, 2, "has the shape [0.5]"],
  ["a size as text", `{"w":${T("F32", ["1"], [0, 4])}}`, 4, "has the shape"],
  ["a size beyond 2^53", '{"w":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}', 4, "has the shape [1e+300]"],
  ["a product that overflows", `{"w":${T("F32", [2 ** 40, 2 ** 40], [0, 4])}}`, 4, "overflows"],
  ["a negative offset", `{"w":${T("F32", [1], [-4, 0])}}`, 4, "data_offsets [-4,0]"],
  ["a fractional offset", `{"w":${T("F32", [1], [0.5, 4.5])}}`, 5, "data_offsets [0.5,4.5]"],
  ["three offsets", `{"w":${T("F32", [1], [0, 4, 8])}}`, 8, "wanted two whole numbers"],
  ["offsets in the wrong order", `{"w":${T("F32", [1], [4, 0])}}`, 4, "data_offsets [4, 0]"],
  ["offsets beyond the file", `{"w":${T("F32", [2], [0, 8])}}`, 4, "the data is 4 bytes long"],
  ["a shape that does not match", `{"w":${T("F32", [3], [0, 8])}}`, 8, "takes 12 bytes; data_offsets give 8"],
  ["a hole at the start", `{"w":${T("F32", [1], [4, 8])}}`, 8, 'tensor "w" leaves a hole'],
  ["a hole between", `{"a":${T("U8", [1], [0, 1])},"b":${T("U8", [1], [2, 3])}}`, 3, 'tensor "b" leaves a hole'],
  ["an overlap", `{"a":${T("U8", [2], [0, 2])},"b":${T("U8", [2], [1, 3])}}`, 3, 'tensor "b" overlaps'],
  ["an empty tensor inside another", `{"a":${T("U8", [4], [0, 4])},"b":${T("U8", [0], [2, 2])}}`, 4, "overlaps"],
  ["trailing bytes", `{"a":${T("U8", [1], [0, 1])}}`, 3, "2 bytes follow the last tensor"],
  ["metadata that is not text", '{"__metadata__":{"n":1}}', 0, '__metadata__ "n" is not a string'],
  ["metadata that is no object", '{"__metadata__":[]}', 0, "__metadata__ is not a JSON object"],
];

for (const [what, header, dataBytes, message] of MALFORMED) {
  Deno.test(`openSafetensors() refuses ${what}`, () =>
    inFolder(async (directory) => {
      const path = await rawFile(directory, header, dataBytes);
      const error = await assertRejects(() => openSafetensors(path), FormatError, message);
      assertEquals(error.message.startsWith(path), true, error.message);
    }));
}

Deno.test("openSafetensors() refuses header lengths that cannot be, without reading them", () =>
  inFolder(async (directory) => {
    const short = join(directory, "short");
    await Deno.writeFile(short, new Uint8Array(7));
    await assertRejects(() => openSafetensors(short), FormatError, "has 7 bytes: too short");
    for (const length of [2n ** 63n, 2n ** 53n + 1n, 100_000_001n]) {
      const path = await rawFile(directory, "{}", 0, length);
      await assertRejects(() => openSafetensors(path), FormatError, "wanted at most 100000000");
    }
    const path = await rawFile(directory, "{}", 0, 3n);
    await assertRejects(() => openSafetensors(path), FormatError, "but the file has 10 in all");
    const empty = await rawFile(directory, "", 0);
    await assertRejects(() => openSafetensors(empty), FormatError, "does not start with");
  }));

Deno.test("openSafetensors() accepts a file without tensors, scalars, empty tensors and padding", () =>
  inFolder(async (directory) => {
    using none = await openSafetensors(await rawFile(directory, "{}   ", 0));
    assertEquals(none.tensors.size, 0);
    const header = `{"z":${T("F32", [0, 2 ** 40], [4, 4])},"s":${T("F32", [], [0, 4])},"y":${T("U8", [0], [0, 0])}} `;
    using file = await openSafetensors(await rawFile(directory, header, 4));
    assertEquals([...file.tensors.values()].map((info) => info.byteLength), [0, 4, 0]);
    assertEquals((await file.readFloat32("s")).length, 1);
  }));

Deno.test("reading a tensor of a file that was cut after opening says so", () =>
  inFolder(async (directory) => {
    const path = join(directory, "a");
    await writeSafetensors(path, [{ name: "w", dtype: "F32", shape: [2], data: bytesOf(1, 2) }]);
    using file = await openSafetensors(path);
    await Deno.truncate(path, (await Deno.stat(path)).size - 4);
    await assertRejects(() => file.readFloat32("w"), FormatError, 'tensor "w": the file ended 4 bytes too early');
  }));
