// GGUF models in several files: weight_forms.ts finds them, gguf_file.ts reads them.
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { FormatError } from "../../../models/formats/error.ts";
import { openGguf } from "../../../models/formats/gguf/gguf_file.ts";
import { type GgufTensor, type GgufValue, writeGguf } from "../../../models/formats/gguf/gguf_writer.ts";
import { findWeights, ggufParts } from "../../../models/formats/weight_forms.ts";
import { inFolder } from "../temp_folder.ts";

const tensor = (name: string, value: number): GgufTensor => ({
  name,
  type: "F32",
  shape: [2, 2],
  async *data() {
    yield new Uint8Array(new Float32Array(4).fill(value).buffer);
  },
});

const numbered = (part: number): [string, GgufValue] => ["split.no", { type: "uint32", value: part }];

/** A file in two parts: one with a name in its metadata. */
async function writeParts(folder: string, second: readonly GgufTensor[] = [tensor("c", 3)]): Promise<void> {
  const name: [string, GgufValue] = ["general.name", { type: "string", value: "whole" }];
  await writeGguf(join(folder, "m-00001-of-00002.gguf"), new Map([name, numbered(0)]), [
    tensor("a", 1),
    tensor("b", 2),
  ]);
  await writeGguf(join(folder, "m-00002-of-00002.gguf"), new Map([numbered(1)]), second);
}

Deno.test("a GGUF file that was split is one model, by its folder or any part of it", () =>
  inFolder(async (folder) => {
    await writeParts(folder);
    for (const path of [folder, ...[1, 2].map((part) => join(folder, `m-0000${part}-of-00002.gguf`))]) {
      const place = await findWeights(path);
      assertEquals(place, { form: "gguf", path: join(folder, "m-00001-of-00002.gguf") });
      using file = await openGguf(join(folder, "m-00001-of-00002.gguf"));
      assertEquals([...file.tensors.keys()], ["a", "b", "c"]);
      assertEquals(file.value("general.name", "string"), "whole");
      for (const [name, value] of [["a", 1], ["b", 2], ["c", 3]] as const) {
        assertEquals([...await file.readFloat32(name)], Array(4).fill(value));
      }
    }
  }));

Deno.test("a GGUF file in parts is refused where a part is missing, repeats a tensor, or lies among other files", () =>
  inFolder(async (folder) => {
    const first = join(folder, "m-00001-of-00002.gguf");
    await writeParts(folder, [tensor("a", 3)]);
    await assertRejects(() => openGguf(first), FormatError, 'tensor "a" is in an earlier part, too');
    await Deno.remove(join(folder, "m-00002-of-00002.gguf"));
    await assertRejects(() => openGguf(first), FormatError, "part 2 of 2 of the GGUF file is missing");
    await writeGguf(join(folder, "other.gguf"), new Map(), [tensor("a", 1)]);
    await assertRejects(() => findWeights(folder), FormatError, "has several .gguf files: name one of them");
  }));

Deno.test("ggufParts() tells the parts by the name of one", () => {
  assertEquals(ggufParts("model.gguf"), ["model.gguf"]);
  assertEquals(ggufParts("m-00001-of-00001.gguf"), ["m-00001-of-00001.gguf"]);
  assertEquals(ggufParts("m-00002-of-00003.gguf"), [1, 2, 3].map((part) => `m-0000${part}-of-00003.gguf`));
});
