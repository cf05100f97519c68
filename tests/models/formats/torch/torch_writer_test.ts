import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { FormatError } from "../../../../models/formats/error.ts";
import { openTorchFile } from "../../../../models/formats/torch/torch_file.ts";
import { type FloatEntry, writeTorchFile } from "../../../../models/formats/torch/torch_writer.ts";
import { zipPieces } from "../../../../models/formats/torch/zip_writer.ts";
import { inFolder } from "../../temp_folder.ts";

const entry = (name: string, ...shape: number[]): FloatEntry => {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: count }, (_, i) => (i + 1) / 3);
  return { name, dtype: "F32", shape, data: new Uint8Array(values.buffer) };
};

Deno.test("writeTorchFile() writes what openTorchFile() reads: matrices, scalars, empty tensors, any name", () =>
  inFolder(async (directory) => {
    const path = join(directory, "x.bin");
    const entries = [entry("a.weight", 3, 5), entry("é兔", 7), entry("scalar"), entry("empty", 0, 4)];
    await writeTorchFile(path, entries);
    using file = await openTorchFile(path);
    assertEquals([...file.tensors.keys()], entries.map(({ name }) => name));
    for (const { name, shape, data } of entries) {
      assertEquals(file.tensors.get(name)?.shape, shape);
      assertEquals(await file.readFloat32(name), new Float32Array(data.slice().buffer));
    }
  }));

Deno.test("writeTorchFile() begins every storage at a multiple of 64 bytes, as torch.save does", () =>
  inFolder(async (directory) => {
    const path = join(directory, "x.bin");
    const marks = [entry("a", 3), entry("b", 5, 5), entry("c", 1)];
    for (const [i, { data }] of marks.entries()) data.fill(0xa0 + i);
    await writeTorchFile(path, marks);
    const bytes = await Deno.readFile(path);
    for (const i of marks.keys()) {
      const at = bytes.findIndex((byte, k) => byte === 0xa0 + i && bytes[k + 1] === byte && bytes[k + 3] === byte);
      assertEquals(at % 64, 0, `storage ${i} begins at ${at}`);
    }
  }));

Deno.test("writeTorchFile() refuses a name given twice and data of another size, and leaves no file", () =>
  inFolder(async (directory) => {
    const path = join(directory, "x.bin");
    await assertRejects(() => writeTorchFile(path, [entry("a", 1), entry("a", 1)]), FormatError, "the name is taken");
    const wrong = { ...entry("a", 2), shape: [3] };
    await assertRejects(() => writeTorchFile(path, [wrong]), FormatError, "takes 12 bytes, found 8");
    assertEquals([...Deno.readDirSync(directory)], []);
  }));

Deno.test("zipPieces() refuses more entries than its directory can count", () => {
  const entries = Array.from({ length: 65_535 }, (_, i) => ({ name: String(i), data: new Uint8Array() }));
  assertThrows(() => zipPieces(entries, "x.bin"), FormatError, "x.bin: cannot write 65535 entries");
});
