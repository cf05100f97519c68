import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { readConfig } from "../../../models/formats/config.ts";
import { FormatError } from "../../../models/formats/error.ts";
import { llamaTensors } from "../../../models/formats/llama_tensors.ts";
import { writeSafetensors } from "../../../models/formats/safetensors/safetensors.ts";
import { openWeights } from "../../../models/formats/weights.ts";
import { inFolder } from "../temp_folder.ts";

/** Writes a file whose tensors are vectors holding their own values. */
async function shard(directory: string, file: string, tensors: Record<string, number[]>): Promise<void> {
  await writeSafetensors(
    join(directory, file),
    Object.entries(tensors).map(([name, values]) => ({
      name,
      dtype: "F32" as const,
      shape: [values.length],
      data: new Uint8Array(Float32Array.from(values).buffer),
    })),
  );
}

const index = (directory: string, weight_map: unknown) =>
  Deno.writeTextFile(join(directory, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map }));

Deno.test("openWeights() reads a single file", () =>
  inFolder(async (directory) => {
    await shard(directory, "model.safetensors", { a: [1, 2], b: [3] });
    using weights = await openWeights(directory);
    assertEquals(weights.names(), ["a", "b"]);
    assertEquals([weights.has("a"), weights.has("c")], [true, false]);
    assertEquals([...await weights.readFloat32("a", 1)], [2]);
  }));

Deno.test("openWeights() reads shards through their index", () =>
  inFolder(async (directory) => {
    await shard(directory, "m-1.safetensors", { a: [1], b: [2] });
    await shard(directory, "m-2.safetensors", { c: [3], b: [9] });
    await index(directory, { c: "m-2.safetensors", a: "m-1.safetensors", b: "m-1.safetensors" });
    using weights = await openWeights(directory);
    assertEquals(weights.names(), ["c", "a", "b"]);
    assertEquals([...await weights.readFloat32("b"), ...await weights.readFloat32("c")], [2, 3]);
    assertEquals(weights.files().length, 2);
  }));

Deno.test("openWeights() refuses an index that points outside its folder", () =>
  inFolder(async (directory) => {
    for (const file of ["../m.safetensors", "/etc/passwd", "a/b", "..\\m", "C:\\m", "C:m", "..", ".", "", "a\0b"]) {
      await index(directory, { a: file });
      await assertRejects(() => openWeights(directory), FormatError, "wanted a plain file name");
    }
    await Deno.rename(
      join(directory, "model.safetensors.index.json"),
      join(directory, "pytorch_model.bin.index.json"),
    );
    await assertRejects(() => openWeights(directory), FormatError, "wanted a plain file name");
  }));

Deno.test("openWeights() names the tensor and the shard when they do not fit the index", () =>
  inFolder(async (directory) => {
    await index(directory, { a: "m-1.safetensors" });
    await assertRejects(() => openWeights(directory), FormatError, "m-1.safetensors, but there is no such file");
    await shard(directory, "m-1.safetensors", { b: [2] });
    await assertRejects(() => openWeights(directory), FormatError, 'tensor "a" is in "m-1.safetensors", but it is not');
    await index(directory, {});
    await assertRejects(() => openWeights(directory), FormatError, "weight_map is empty");
    await index(directory, { a: 3 });
    await assertRejects(() => openWeights(directory), FormatError, "weight_map");
  }));

Deno.test("openWeights() says which files it looked for", () =>
  inFolder(async (directory) => {
    const looked = "looked for model.safetensors, model.safetensors.index.json, pytorch_model.bin";
    await assertRejects(() => openWeights(directory), FormatError, looked);
  }));

Deno.test("expectTensor() says what was wanted, what was found and where", () =>
  inFolder(async (directory) => {
    await shard(directory, "model.safetensors", { a: [1, 2] });
    using weights = await openWeights(directory);
    weights.expectTensor("a", [2]);
    const wrong = assertThrows(
      () => weights.expectTensor("a", [2, 1]),
      FormatError,
      "the configuration asks for [2, 1]",
    );
    assertEquals(wrong.message.includes("model.safetensors"), true);
    assertThrows(() => weights.expectTensor("b", [2]), FormatError, 'model.safetensors has no tensor "b"');
    await assertRejects(() => weights.readFloat32("b"), FormatError, '"b"');
  }));

for (const name of ["plain", "grouped"]) {
  Deno.test(`readConfig() and openWeights() read what transformers saves: ${name}`, async () => {
    const directory = fromFileUrl(new URL(`../goldens/${name}`, import.meta.url));
    const config = await readConfig(directory);
    assertEquals([config.tiedEmbeddings, config.ropeTheta], name === "plain" ? [false, 10000] : [true, 50000]);
    using weights = await openWeights(directory);
    const tensors = llamaTensors(config);
    for (const { name, shape } of tensors) weights.expectTensor(name, shape);
    assertEquals(new Set(weights.names()), new Set(tensors.map((tensor) => tensor.name)));
  });
}
