import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { FormatError } from "../../../../models/formats/error.ts";
import { openSafetensors } from "../../../../models/formats/safetensors/safetensors.ts";
import { openTorchFile } from "../../../../models/formats/torch/torch_file.ts";
import { openWeights } from "../../../../models/formats/weights.ts";
import { inFolder } from "../../temp_folder.ts";
import { bytesOf, P, pickleOf, tensor, torchFile, zip, type ZipFaults } from "../sample_torch.ts";

const goldens = fromFileUrl(new URL("../../goldens/", import.meta.url));
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const four = tensor({ key: "0", length: 4, shape: [2, 2], strides: [2, 1] });

async function write(directory: string, bytes: Uint8Array): Promise<string> {
  const path = join(directory, "pytorch_model.bin");
  await Deno.writeFile(path, bytes);
  return path;
}

Deno.test("openWeights() reads pytorch_model.bin as torch writes it, the same values as in safetensors", async () => {
  using wanted = await openSafetensors(`${goldens}plain/model.safetensors`);
  using found = await openWeights(`${goldens}weights/bin`);
  assertEquals(new Set(found.names()), new Set(wanted.tensors.keys()));
  for (const [name, { shape }] of wanted.tensors) {
    found.expectTensor(name, shape);
    assertEquals(await found.readFloat32(name), await wanted.readFloat32(name), name);
    const last = shape[0]!;
    const part = await wanted.readFloat32(name, 3, last - 1);
    assertEquals(await found.readFloat32(name, 3, last - 1), part, `rows of ${name}`);
  }
});

Deno.test("openWeights() reads sharded .bin files of float16 and bfloat16 through their index", async () => {
  using wanted = await openSafetensors(`${goldens}plain/model.safetensors`);
  using found = await openWeights(`${goldens}weights/bin_shards`);
  assertEquals(found.files().length, 2);
  const dtypes = new Set<string>();
  for (const name of wanted.tensors.keys()) {
    const { dtype } = found.info(name);
    dtypes.add(dtype);
    const exact = await wanted.readFloat32(name);
    const read = await found.readFloat32(name);
    const tolerance = dtype === "F16" ? 2 ** -11 : 2 ** -8;
    read.forEach((value, i) => assert(Math.abs(value - exact[i]!) <= tolerance * Math.abs(exact[i]!) + 2 ** -25, name));
  }
  assertEquals(dtypes, new Set(["F16", "BF16"]));
});

Deno.test("openTorchFile() reads views of every kind", async () => {
  using file = await openTorchFile(`${goldens}weights/views.bin`);
  const at = (a: number, b: number, c: number, d: number) => ((a * 3 + b) * 4 + c) * 5 + d;
  const range = (n: number, step = 1, first = 0) => {
    const list: number[] = [];
    for (let i = first; i < n; i += step) list.push(i);
    return list;
  };
  const permuted = range(5).flatMap((d) =>
    range(2).flatMap((a) => range(4).flatMap((c) => range(3).map((b) => at(a, b, c, d))))
  );
  assertEquals([...await file.readFloat32("permuted")], permuted);
  assertEquals([...await file.readFloat32("permuted", 2, 4)], permuted.slice(48, 96));
  const stepped = range(2).flatMap((a) =>
    range(3, 2).flatMap((b) => range(4, 1, 1).flatMap((c) => range(5, 3).map((d) => at(a, b, c, d))))
  );
  assertEquals([...await file.readFloat32("stepped")], stepped);
  assertEquals([...await file.readFloat32("whole", 1)], range(120).slice(60));
  assertEquals([...await file.readFloat32("scalar")], [2.5]);
  assertEquals([...await file.readFloat32("one")], [at(1, 2, 3, 4)]);
  assertEquals((await file.readFloat32("empty")).length, 0);
  await assertRejects(() => file.readFloat32("ids"), FormatError, 'tensor "ids" has element type I64');
  await assertRejects(() => file.readFloat32("double"), FormatError, "F64");
  await assertRejects(() => file.readFloat32("whole", 1, 3), RangeError);
  await assertRejects(() => file.readFloat32("no"), FormatError, 'has no tensor "no"');
});

Deno.test("a transposed tensor larger than a piece is read in pieces", () =>
  inFolder(async (directory) => {
    const [rows, columns] = [3, 3_000_000]; // 36 MB, stored column by column
    const values = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const codes = tensor({ key: "0", length: values.length, shape: [rows, columns], strides: [1, rows] });
    using file = await openTorchFile(
      await write(directory, torchFile(pickleOf(codes), { 0: new Uint8Array(values.buffer) })),
    );
    const read = await file.readFloat32("w", 1, 3);
    for (const c of [0, 1, 1_499_999, 1_500_000, 2_999_999]) {
      assertEquals([read[c], read[columns + c]], [c * rows + 1, c * rows + 2]);
    }
  }));

Deno.test("openTorchFile() says how to bring a file of PyTorch before 1.6 up to date", async () => {
  await assertRejects(() => openTorchFile(`${goldens}weights/old.bin`), FormatError, "format of PyTorch before 1.6");
});

const system = P.global("posix", "system");
/** Pickles that name what is not a tensor, and the name that must be in the message. */
const FORBIDDEN: [name: string, pickle: Uint8Array][] = [
  ["posix.system", pickleOf(system, P.mark, P.text("touch PWNED"), P.tuple, P.reduce)],
  ["posix.system", bytesOf(P.proto, system, P.stop)],
  ["builtins.eval", pickleOf(four, P.global("builtins", "eval"), P.mark, P.text("1"), P.tuple, P.reduce)],
  ["torch._utils._rebuild_tensor_v3", pickleOf(P.global("torch._utils", "_rebuild_tensor_v3"))],
  ["torch.storage._load_from_bytes", pickleOf(P.global("torch.storage", "_load_from_bytes"))],
  ["collections.OrderedDict.__init__", pickleOf(P.global("collections", "OrderedDict.__init__"))],
  ["numpy.core.multiarray._reconstruct", pickleOf(P.global("numpy.core.multiarray", "_reconstruct"))],
  ["torch.__proto__", pickleOf(P.global("torch", "__proto__"))],
  ["torch.nn.modules.linear.Linear", pickleOf(P.global("torch.nn.modules.linear", "Linear"))],
];

for (const [name, pickle] of FORBIDDEN) {
  Deno.test(`a .bin that names ${name} is refused by that name (${pickle.length} bytes)`, () =>
    inFolder(async (directory) => {
      const path = await write(directory, torchFile(pickle, { 0: floats(1, 2, 3, 4) }));
      const error = await assertRejects(() => openTorchFile(path), FormatError, `names "${name}": refused`);
      assert(error.message.startsWith(path));
      assertEquals([...Deno.readDirSync(directory)].map((entry) => entry.name), ["pytorch_model.bin"]);
    }));
}

const code = (letter: string) => new TextEncoder().encode(letter);
const ofType = (fields: Partial<Parameters<typeof tensor>[0]>) =>
  pickleOf(tensor({ key: "0", length: 4, shape: [2, 2], strides: [2, 1], ...fields }));
const MALFORMED: [what: string, pickle: Uint8Array, message: string][] = [
  ["nothing", new Uint8Array(), "ends too early"],
  ["another protocol", bytesOf([0x80, 4], P.dict, P.stop), "protocol 4; wanted 2"],
  ["a code that builds objects", pickleOf(system.subarray(0, 0), code("o")), "the code 0x6f, which is not allowed"],
  ["an import by stack", pickleOf(P.text("os"), P.text("system"), [0x93]), "the code 0x93"],
  ["a call of a dictionary", pickleOf(P.dict, P.emptyTuple, P.reduce), "calls something that is no function"],
  ["a call of a storage class", pickleOf(P.global("torch", "FloatStorage"), P.emptyTuple, P.reduce), "no function"],
  ["a call without a tuple", pickleOf(P.global("collections", "OrderedDict"), P.dict, P.reduce), "is no tuple"],
  ["an empty stack", bytesOf(P.proto, P.stop), "takes a value that is not there"],
  ["a mark that is missing", bytesOf(P.proto, P.tuple, P.stop), "a mark that is not there"],
  ["a mark as a value", bytesOf(P.proto, P.mark, P.stop), "takes a value that is not there"],
  ["an unkept value", bytesOf(P.proto, code("h"), [7], P.stop), "recalls value 7"],
  ["half an item", bytesOf(P.proto, P.dict, P.mark, P.text("a"), P.setItems, P.stop), "an item without a value"],
  ["a tensor as key", bytesOf(P.proto, P.dict, four, P.none, P.setItem, P.stop), "a key that is no text"],
  ["items of a list", bytesOf(P.proto, P.list, P.text("a"), P.none, P.setItem, P.stop), "that is no dictionary"],
  ["appending to a dictionary", bytesOf(P.proto, P.dict, P.none, P.append, P.stop), "that is no list"],
  ["attributes of a tensor", pickleOf(four, P.dict, P.build), "attributes of something that is no dictionary"],
  ["text that is not UTF-8", pickleOf(code("X"), [1, 0, 0, 0, 0xff]), "text that is not UTF-8"],
  ["text beyond the end", pickleOf(code("X"), [255, 255, 255, 255]), "ends too early"],
  ["a giant number", pickleOf([0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]), "beyond 2^53"],
  ["a list", bytesOf(P.proto, P.list, P.stop), "holds no dictionary of tensors"],
  ["a number for a tensor", pickleOf(P.int(3)), '"w" is not a tensor'],
  ["a name that is a number", bytesOf(P.proto, P.dict, P.int(1), four, P.setItem, P.stop), "whose name is no text"],
  [
    "a view beyond its storage",
    ofType({ shape: [2, 3] }),
    "shape [2, 3], strides [2, 1], offset 0 reaches past storage",
  ],
  ["an offset beyond its storage", ofType({ offset: 1 }), "offset 1 reaches past storage"],
  ["a negative offset", ofType({ offset: -1 }), "makes a tensor of something"],
  ["a negative stride", ofType({ strides: [-2, 1] }), "makes a tensor of something"],
  ["a negative size", ofType({ shape: [-2, 2] }), "makes a tensor of something"],
  ["a size too many", ofType({ strides: [2] }), "makes a tensor of something"],
  ["a size that overflows", ofType({ shape: [2n ** 52n, 2n ** 52n], strides: [1, 1] }), "reaches past storage"],
  ["repeated elements", ofType({ shape: [2 ** 30], strides: [0] }), "repeats elements of storage"],
  ["a storage that overflows", ofType({ length: 2n ** 52n }), 'the size of storage "0" overflows'],
  ["a storage that is too short", ofType({ length: 5 }), "takes 20 bytes, found 16"],
  ["another element type", ofType({ type: "HalfStorage" }), "takes 8 bytes, found 16"],
  ["a storage that is not there", ofType({ key: "1" }), "takes 16 bytes, found no such entry"],
  ["a storage outside its folder", ofType({ key: "../byteorder" }), "found no such entry"],
  ["a persistent id that is text", pickleOf(P.text("0"), P.persistent), "refers to something that is no storage"],
  [
    "one storage described in two ways",
    bytesOf(
      pickleOf(four).subarray(0, -1),
      P.text("v"),
      tensor({ key: "0", type: "IntStorage", length: 4, shape: [], strides: [] }),
      P.setItem,
      P.stop,
    ),
    'storage "0" is described in two ways',
  ],
  [
    "a parameter of nothing",
    pickleOf(P.global("torch._utils", "_rebuild_parameter"), P.emptyTuple, P.reduce),
    "a parameter of something that is no tensor",
  ],
];

for (const [what, pickle, message] of MALFORMED) {
  Deno.test(`openTorchFile() refuses a pickle with ${what}`, () =>
    inFolder(async (directory) => {
      const path = await write(directory, torchFile(pickle, { 0: floats(1, 2, 3, 4) }));
      const error = await assertRejects(() => openTorchFile(path), FormatError, message);
      assert(error.message.startsWith(path));
    }));
}

Deno.test("openTorchFile() reads a zip file with 64-bit records", () =>
  inFolder(async (directory) => {
    const path = await write(directory, torchFile(pickleOf(four), { 0: floats(1, 2, 3, 4) }, { wide: true }));
    using file = await openTorchFile(path);
    assertEquals([...await file.readFloat32("w", 1)], [3, 4]);
  }));

Deno.test("openTorchFile() refuses zip files that are cut, compressed, encrypted, doubled, big-endian or of others", () =>
  inFolder(async (directory) => {
    const good = (faults: ZipFaults = {}) => torchFile(pickleOf(four), { 0: floats(1, 2, 3, 4) }, faults);
    const text = (value: string) => new TextEncoder().encode(value);
    const moved = good();
    new DataView(moved.buffer).setUint32(0, 0, true);
    const faults: [Uint8Array, string][] = [
      [new Uint8Array(), "is not a zip file"],
      [text("<html>not found</html>"), "is not a zip file"],
      [good().subarray(0, -1), "is not a zip file, or was cut off"],
      [good().subarray(0, -60), "cut off"],
      [good().subarray(40), "bytes too early"],
      [good({ method: 8 }), "is compressed (method 8)"],
      [good({ flags: 1 }), "is encrypted"],
      [moved, "has no header where the directory says"],
      [zip([["a/data.pkl", pickleOf(four)], ["a/data.pkl", pickleOf(four)]]), '"a/data.pkl" twice'],
      [zip([["a/data.pkl", pickleOf(four)], ["b/data.pkl", pickleOf(four)]]), "2 entries data.pkl"],
      [zip([["word/document.xml", text("<a/>")]]), "0 entries data.pkl"],
      [zip([["a/data.pkl", pickleOf(four)], ["a/byteorder", text("big")]]), 'the byte order is "big"'],
    ];
    for (const [bytes, message] of faults) {
      const path = await write(directory, bytes);
      await assertRejects(() => openTorchFile(path), FormatError, message);
    }
  }));
